# Two commands for newcomers: `make demo` and `make test`. `make` alone builds, vets and tests.

GO      ?= go
BIN     := bin
STATIC  := CGO_ENABLED=0
# Google's storage library without gRPC, which it does not need: 19 MB of the binary.
TAGS    := -tags disable_grpc_modules
FUZZTIME ?= 20s

# Debian packages of the tests: real name servers and tools to hold ours against, and lists that come with Debian.
DEBIAN := nsd knot bind9 bind9-dnsutils bind9-utils unbound iproute2 dns-root-data publicsuffix \
	mandoc zsh fish systemd strace prometheus tmux chromium fonts-dejavu-core

.PHONY: all build caareport man vet test race fuzz fuzz-dnssec bench bench-parts bench-zone bench-report lint deps demo accept-100k accept-dig accept-bad accept-unbound accept-hostile accept-polite accept-prime accept-check accept-impact accept-serve accept-crash accept-watch screens bench-decide scenarios clean

all: build caareport vet test

build: ## the static binary
	$(STATIC) $(GO) build $(TAGS) -trimpath -ldflags=-s -o $(BIN)/caascan ./cmd/caascan

caareport: ## the analyst's binary, DuckDB inside: needs a C++ linker
	CGO_ENABLED=1 $(GO) build $(TAGS) -trimpath -ldflags=-s -o $(BIN)/caareport ./cmd/caareport

man: build ## the manual pages
	$(BIN)/caascan man $(BIN)/man/man1

vet:
	$(GO) vet ./...

# The S3 server of the tests.
.tools/versitygw:
	GOBIN=$(CURDIR)/.tools $(GO) install github.com/versity/versitygw/cmd/versitygw@v1.8.0

deps: .tools/versitygw ## what the tests need: installed when root, otherwise named
	@missing=; for p in $(DEBIAN); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "tests need Debian packages:$$missing (apt-get install$$missing)" >&2; exit 1; fi; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing

test: deps ## all tests, with the race detector, then those that pin allocations and memory without it
	$(GO) test -race -timeout 20m ./...
	$(GO) test -timeout 10m -run 'Alloc|Memory|IsSmall' ./...

race: test

fuzz: ## each fuzz target for FUZZTIME
	@$(GO) list ./... | while read pkg; do \
	  $(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' | while read target; do \
	    echo "== $$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s $$pkg || exit 1; \
	  done || exit 1; done

fuzz-dnssec: ## twelve minutes on what reads signatures, keys and denials, and on signed worlds with faults
	@for target in dnssec:FuzzJob dnssec:FuzzDenial dnssec:FuzzSpans dnssec/algorithm:FuzzVerifyP256 \
	  dnssec/algorithm:FuzzNewPublicKey dnssec/algorithm:FuzzEd448 resolve:FuzzWorld; do echo "== $$target"; \
	  $(GO) test -run '^$$' -fuzz "^$${target#*:}\$$" -fuzztime 100s -fuzzminimizetime 5s ./scanner/$${target%:*} | tail -3 || exit 1; done

lint:
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt: $$out" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

demo: build caareport ## a scan of the small Internet, scored against its truth, and the report of it
	$(BIN)/caascan demo
	$(BIN)/caareport report scan-demo --out scan-demo/report.html --csv scan-demo/tables

bench: build ## what a name costs as a multiple of the floor, memory in flight, unknown limits
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench speed
	$(BIN)/caabench memory
	$(BIN)/caabench limits

bench-parts: build ## what validation adds, and the benchmarks of the packages
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench dnssec
	$(GO) test -run '^$$' -bench . -benchtime 0.3s ./scanner/... ./ratelimit ./datasets ./output

bench-zone: build ## a zone file of 2 GB: names a second and peak memory of the reader, fast path and general parser
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench zone

bench-report: caareport ## reports on 1, 5 and 20 million made-up names: time, peak memory, octets a row on disk
	$(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench rows

accept-polite: build ## what servers see of a scan: limits known and unknown, losses
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench polite

accept-prime: build ## all zone files of the small Internet, scanned with and without their delegations: no query to their servers, the same rows
	$(STATIC) $(GO) build -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench prime

accept-dig: deps ## lookup against dig at NSD, Knot and BIND; a scan of them row by row, read by DuckDB
	$(GO) test -count=1 -v -run 'TestLookupGivesWhatDigGives|TestScan' ./cmd/caascan

accept-bad: deps ## wrong usage, junk, signals, full disks
	$(GO) test -count=1 -v -run 'TestWrongUsage|TestJunk|TestInterrupted|TestDiskFull|TestLookupOfInvalidNames' ./cmd/caascan

accept-unbound: build deps ## security and rcode of thousands of names in hundreds of signed zones, against Unbound
	$(GO) run ./cmd/caaoracle --caascan $(BIN)/caascan
	$(GO) test -count=1 -v -run TestUnbound ./scanner/simnet

scenarios: ## the scenario files of validation, written anew by their generator, and played
	$(GO) test -count=1 ./scanner/replay/generate -update
	$(GO) test -count=1 ./scanner/replay

accept-check: deps ## may this CA issue: cases at NSD, BIND and servers with faults, by check --json
	$(GO) test -count=1 -v -run 'TestCheck' ./cmd/caascan

bench-decide: ## decisions on stored evidence: nanoseconds and allocations for each
	$(GO) test -run '^$$' -bench 'Decide|Corroborate|Diagnose' -benchmem -benchtime 0.5s -count 3 ./scanner/caa

accept-impact: build caareport ## caareport impact on a scan of 10 000 names against caascan check asked live: three profiles, two issuers, name by name
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench impact

accept-serve: build ## caascan serve under load for 30 s: no error, no wrong verdict, bounded memory, malformed calls refused
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench service

accept-crash: build deps ## scans of 200 000 names, ended 200 times at random moments and continued each time: nothing lost, nothing doubled
	$(STATIC) $(GO) build -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench crash
	$(BIN)/caabench crash --store s3 --rounds 50

accept-hostile: ## zones made to be expensive: packets, signatures, hashes, memory, and what it does to other names
	$(GO) test -count=1 -v -run TestHostile ./scanner

accept-100k: build ## 100 000 names of the small Internet, twice with one seed: one right row a line, the same rows
	$(STATIC) $(GO) build $(TAGS) -trimpath -o $(BIN)/caabench ./cmd/caabench
	$(BIN)/caabench accept
	$(BIN)/caabench accept --names 20000 --dnssec lazy

screens: deps ## what a scan shows in a terminal of 80 and of 200 columns, and without colours
	$(GO) test -count=1 -v -run TestScreens ./cmd/caascan

accept-watch: deps ## figures, dashboard and alerts against promtool; snapshots by signal; logs
	$(GO) test -count=1 -v -run 'TestFiguresOfAScan|TestDashboard|TestAlerts|TestMetricsAddress|TestProfiles|TestSnapshot|TestConsole|TestLog|TestEvents|TestFrame' ./cmd/caascan

clean:
	rm -rf $(BIN)
