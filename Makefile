# The front door, and nothing more: every step lives in a small script under .ci/.
.DEFAULT_GOAL := help
.PHONY: help run test bench compare simulate torture clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: ## Set up, build, start the host with sample traffic on http://127.0.0.1:8787 (PORT=, DATA=, EMPTY=1).
	@.ci/run-host

test: ## Set up, then run every check: format, lints, native, wasm, npm package, UI, journey in a browser.
	@.ci/test

bench: ## Set up, build for release, measure.
	@.ci/bench

compare: ## Hold it against others and against chance at full length (DECISIONS=, VALUES=, INPUTS=, OVERLAYS=, SEED=).
	@.ci/compare

simulate: ## Run histories against a model (MINUTES=, SEED=), then plant every fault and find it.
	@.ci/simulate

torture: ## Kill, stop, starve and lie to hosts, row by row (ROW=F1, ENGINE=, MINUTES=); counts add up.
	@.ci/torture

clean: ## Remove what was built; keep data/ and the tools in the cache.
	@.ci/clean
