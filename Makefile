# Every target makes the environment that it needs first (tools/setup_env.py); that is quick the
# second time. Pass options on with ARGS, like: make test ARGS="-k unroll"
# WORLD=portable runs on portable_caffe where real Caffe could be had: make run WORLD=portable

WORLD ?= any

# the first Python that answers: a shim of a version manager may lie on PATH and say no
PYTHON3 = $(or $(shell for python in python3 python /usr/bin/python3 /usr/local/bin/python3; do \
	"$$python" -c "import sys; assert sys.version_info >= (3, 6)" 2>/dev/null \
	&& echo "$$python" && break; done),$(error there is no Python 3 here; get one, on Debian \
	and Ubuntu with: sudo apt-get install python3))
IN := tools/setup_env.py

# On few cores OpenBLAS is slower with more threads than with one; set your own to overrule.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: help run test lab class slides image load site test-site address fuzz notebooks bench \
	gpu pythons requirements clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: ## execute the notebook series, results in build/notebooks
	@$(PYTHON3) $(IN) $(WORLD) tools/run_notebooks.py $(ARGS)

test: ## run the tests on real Caffe and on portable_caffe
	@$(PYTHON3) $(IN) tests tools/run_tests.py $(ARGS)

lab: ## open JupyterLab on the series
	@$(PYTHON3) $(IN) $(WORLD) tools/lab.py $(ARGS)

class: ## write the copies for students, teacher and nbgrader, and slides, into build/class
	@$(PYTHON3) $(IN) $(WORLD) tools/make_class.py

slides: ## write the slides only: reveal.js decks that need no network
	@$(PYTHON3) $(IN) $(WORLD) tools/make_slides.py

image: class ## write build/image, which repo2docker makes the image of a class from
	@$(PYTHON3) $(IN) $(WORLD) deploy/make_image.py

load: class ## let four students work on a JupyterHub at once, and measure their memory
	@$(PYTHON3) $(IN) hub deploy/load_test.py --world $(WORLD) $(ARGS)

site: ## write the site into build/site: static files; ARGS=--offline puts Pyodide in, too
	@$(PYTHON3) $(IN) site tools/make_site.py $(ARGS)

test-site: ## try the site in a real browser
	@$(PYTHON3) $(IN) site tools/test_site.py $(ARGS)

address: ## write where the project lives: ARGS="OWNER/REPOSITORY [https://the.site/folder]"
	@$(PYTHON3) tools/address.py $(ARGS)

fuzz: ## run random nets, good and broken, on both engines
	@$(PYTHON3) $(IN) $(WORLD) tests/fuzz/run.py $(ARGS)

notebooks: ## execute the series on real Caffe and rewrite the committed notebooks
	@$(PYTHON3) $(IN) reference tools/run_notebooks.py --rewrite $(ARGS)

bench: ## measure again what README and notebooks claim
	@$(PYTHON3) $(IN) tests benchmarks/run.py $(ARGS)

gpu: ## check and measure on a GPU, with the PyTorch of PYTHON=..., results in build/gpu
	@tools/gpu_check.sh build/gpu $(ARGS)

pythons: ## try plain pip and notebook 00 on every Python that is here
	@$(PYTHON3) $(IN) any tools/try_pythons.py $(ARGS)

# the oracles as on Windows, where PyTorch brings no CUDA along
COMPILE = UV_SYSTEM_CERTS=1 "$$($(PYTHON3) tools/get_uv.py)" pip compile -q \
	--custom-compile-command "make requirements" $(ARGS)
requirements: ## resolve the exact versions anew (ARGS=--upgrade for the newest)
	$(COMPILE) requirements.in -o requirements.txt \
		--python-version 3.9 --python-platform x86_64-manylinux_2_28
	$(COMPILE) requirements-portable.in -o requirements-portable.txt \
		--python-version 3.9 --universal
	$(COMPILE) requirements-oracles.in -o requirements-oracles.txt \
		--python-version 3.11 --python-platform windows --constraint requirements-portable.txt
	$(COMPILE) requirements-site.in -o requirements-site.txt \
		--python-version 3.11 --universal
	$(COMPILE) requirements-hub.in -o requirements-hub.txt \
		--python-version 3.11 --universal

clean: ## remove the environments and everything that was built
	rm -rf .venv .venv-portable .venv-site .venv-hub .tools build .pytest_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
