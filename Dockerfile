# Not built here: no container engine was at hand. The build command is the Makefile's.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /dialgraph ./cmd/dialgraph

FROM debian:bookworm-slim
# espeak-ng renders prompts that are given as text; curl is for health checks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl espeak-ng \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/dialgraph --create-home dialgraph \
    && install -d -o dialgraph /var/lib/dialgraph/prompts
COPY --from=build /dialgraph /usr/local/bin/dialgraph
USER dialgraph
WORKDIR /var/lib/dialgraph
# 8084 event socket, 8080 HTTP
EXPOSE 8084 8080
ENTRYPOINT ["dialgraph"]
CMD ["serve"]
