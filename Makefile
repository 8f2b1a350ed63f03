# Every target is a thin name for a script or a cargo command; `make help` lists them.
# ARGS is handed on: `make test ARGS='-p domain'`, `make load ARGS='--writes 600'`.

.DEFAULT_GOAL := help
.PHONY: help run dev release stop passwords clean-data test fuzz schema-test faults infra seeded-bugs load bench bench-micro fmt lint check sqlx-prepare sqlx-check

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything: Postgres, Redis, api, worker, users and plans to try; Ctrl-C stops it
	@scripts/run

dev: ## The same, built for development, and again whenever a source is saved
	@scripts/run --watch

release: ## Build the programs as they are released: target/release/api and worker
	@cargo build --release --locked -p api -p worker

stop: ## Stop what a killed `make run` or `make test` left running
	@scripts/stop

passwords: ## Write random passwords for `docker compose` into .env, unless it has them
	@scripts/passwords

clean-data: ## Delete the data of `make run` (asks first; CONFIRM=1 does not ask)
	@scripts/clean-data

test: ## Run the whole test suite against servers of its own
	@scripts/test $(ARGS)

fuzz: ## Over a million random inputs at whatever reads what clients send
	@PROPTEST_CASES=150000 cargo test -p api --lib fuzz
	@FUZZ_REQUESTS=50000 scripts/test -p e2e fuzz

schema-test: ## Requests made of /openapi.json by schemathesis, and their answers checked against it
	@scripts/schemathesis $(ARGS)

faults: ## Inject faults under load and check the whole history (ARGS='--minutes 30 --seed 7')
	@scripts/faults $(ARGS)

infra: ## Real processes on real infrastructure, and a table of it (ARGS=--short: without Docker)
	@scripts/infra $(ARGS)

seeded-bugs: ## Prove the fault campaign: it has to find each of the deliberate defects
	@scripts/seeded-bugs $(ARGS)

load: ## Load-test a running api (API_URL, default http://127.0.0.1:8080)
	@cargo run --release --manifest-path benches/Cargo.toml -p perf --bin perf -- load $(ARGS)

bench: ## Compare speed with Postgres, HTTP and Redis (ARGS='--quick', '--long', '--against FOLDER')
	@scripts/bench $(ARGS)

bench-micro: ## Micro-benchmarks of the core, the encodings and the scripts (ARGS='--quick decide')
	@cargo bench --manifest-path benches/Cargo.toml -p micro -- $(ARGS)

fmt: ## Format the code
	@cargo fmt --all
	@cargo fmt --all --manifest-path benches/Cargo.toml

lint: ## Layer rules, names in the docs, clippy with warnings denied, shellcheck
	@scripts/lint

check: ## All that CI does
	@.ci/run

sqlx-prepare: ## Renew .sqlx after a change of a query or a migration
	@scripts/sqlx prepare

sqlx-check: ## Fail if .sqlx is out of date
	@scripts/sqlx check
