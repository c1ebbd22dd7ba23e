// Package realswitch holds the tests that place telephone calls through a
// real FreeSWITCH, with real SIP telephones and RFC 2833 digits. They run
// under `make test-freeswitch`.
package realswitch
