# Everything here works on a fresh Debian 12 with Go, make, and root or sudo.
SHELL := /bin/bash
GO    ?= go
LINT  := golangci-lint
LINT_VERSION := v2.15.0
TOOLS := $(CURDIR)/bin/tools

# Debian packages that the tests use: a C compiler for the race detector, a
# real Redis, and the speech engine that renders prompts.
TEST_PACKAGES := gcc libc6-dev redis-server espeak-ng

.PHONY: build run test check lint fmt docs bench chaos fuzz test-freeswitch need-% clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/dialgraph ./cmd/dialgraph

# Starts the example line and puts you on its terminal phone.
run: build
	bin/dialgraph demo

test: $(addprefix need-,$(TEST_PACKAGES))
	CGO_ENABLED=1 $(GO) test -race -timeout 8m ./...

check: fmt lint
	$(GO) vet ./...
	@.ci/tested-since

fmt:
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):"; echo "$$unformatted"; exit 1; fi

# The import rule (who may import whom) is part of the linter's settings.
lint: $(TOOLS)/$(LINT)-$(LINT_VERSION)
	$(TOOLS)/$(LINT)-$(LINT_VERSION) run ./...

$(TOOLS)/$(LINT)-$(LINT_VERSION):
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(TOOLS)/$(LINT) $@

# Calls on the FreeSWITCH that FREESWITCH_ESL and FREESWITCH_SIP name.
test-freeswitch: build need-redis-server need-espeak-ng
	@if [ -z "$$FREESWITCH_ESL" ] || [ -z "$$FREESWITCH_SIP" ]; then \
	  echo "no FreeSWITCH: set FREESWITCH_ESL (host:port of its event socket) and FREESWITCH_SIP (host:port of its SIP profile); see docs/freeswitch-testing.md"; exit 1; fi
	$(GO) test -count=1 -timeout 30m -v -tags freeswitch ./cmd/dialgraph/realswitch

# Writes what the documents take from the code.
docs:
	$(GO) test ./cmd/dialgraph -count=1 -run '^TestDocs' -update

# What calls cost here: prints a table and writes bench.json; BENCH are flags of
# dialgraph bench, such as "--quick" or "--scenario a --runs 1".
BENCH ?=
bench: build need-redis-server
	bin/dialgraph bench $(BENCH)

# Controllers, Redis and a FreeSWITCH node die at random while callers call;
# CHAOS is for how long.
CHAOS ?= 1m
chaos: $(addprefix need-,$(TEST_PACKAGES))
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 60m -tags chaos -run TestChaos ./cmd/dialgraph -chaos $(CHAOS)

# Ten seconds for each fuzz target.
fuzz:
	@set -e; for f in $$(grep -rl --include='*_test.go' '^func Fuzz' .); do \
	  for t in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$f); do \
	    echo "$$t in $$(dirname $$f)"; $(GO) test -run '^$$' -fuzz "^$$t\$$" -fuzztime 10s -fuzzminimizetime 10x ./$$(dirname $$f); done; done

# Installs one Debian package unless it is there; says so when it cannot.
need-%:
	@dpkg-query -W -f='$${Status}' $* 2>/dev/null | grep -q 'install ok installed' && exit 0; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	echo "installing $* from Debian"; \
	{ $$sudo apt-get install -y -q $* || { $$sudo apt-get update -q && $$sudo apt-get install -y -q $*; }; } >/dev/null 2>&1 \
	|| { echo "cannot install $*: install the Debian package $* yourself, then run make again"; exit 1; }

clean:
	rm -rf bin
