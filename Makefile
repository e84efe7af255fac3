# Every target sets up what it needs first (tools/setup_env.py); that is quick the second time.
# Pass options on with ARGS, like: make test ARGS="-k unroll"
# WORLD=portable runs on portable_caffe where real Caffe could be had: make run WORLD=portable

WORLD ?=
SETUP := @python3 tools/setup_env.py $(WORLD)
PYTHON = "$$(cat .tools/python)"

# On few cores OpenBLAS is slower with more threads than with one; set your own to overrule.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: help run test lab notebooks bench requirements clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: ## execute the notebook series, results in build/notebooks
	$(SETUP)
	@$(PYTHON) tools/run_notebooks.py $(ARGS)

test: ## run the tests on real Caffe and on portable_caffe
	@python3 tools/setup_env.py tests
	@python3 tools/run_tests.py $(ARGS)

lab: ## open JupyterLab on the series
	$(SETUP)
	@$(PYTHON) -m jupyter trust notebooks/*.ipynb >/dev/null  # or JupyterLab hides the pictures
	@$(PYTHON) -m jupyterlab --ServerApp.root_dir="$(CURDIR)" \
		--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(AS_ROOT) $(ARGS)

notebooks: ## execute the series on real Caffe and rewrite the committed notebooks
	@python3 tools/setup_env.py reference
	@$(PYTHON) tools/run_notebooks.py --rewrite $(ARGS)

bench: ## measure again what README and notebooks claim
	@python3 tools/setup_env.py tests
	@$(PYTHON) benchmarks/run.py $(ARGS)

requirements: ## resolve the exact versions anew (ARGS=--upgrade for the newest)
	@python3 tools/setup_env.py requirements $(ARGS)

clean: ## remove the environment and everything that was built
	rm -rf .venv .venv-portable .tools build .pytest_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Jupyter asks to be told when the user is root, as in a container.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
