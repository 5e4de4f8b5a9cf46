# Everything a person does with this repository. "make help" lists it; each target alone on a fresh clone sets up what
# it needs (a virtual environment in .venv, made from requirements/dev.txt with every hash checked).

PYTHON ?= python3
ARGS ?=
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CRASH ?= disk kill
FUZZ_SECONDS ?= 600
FUZZ_BYTES ?= 10000000
FUZZ_VENV := .venv-fuzz
FUZZ_READY := $(FUZZ_VENV)/.ready
PIP_TOOLS := pip-tools==7.6.2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench soak lock built clean mutants fuzz crash planted screens eighty

help: ## 列出目标  this list
	@printf '用法 usage: make <target> [ARGS="..."]\n\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

setup: $(READY) ## 准备 .venv  make .venv with everything pinned

demo: $(READY) ## 在模拟器上演示整个柜子  the whole cabinet on the simulator; ARGS="--help" for more
	@$(BIN)/locker demo $(ARGS)

bench: $(READY) ## 测量扫码到开锁等时间  scan to unlock and other times, on this machine
	@$(BIN)/locker bench $(ARGS)

soak: $(READY) ## 几千个模拟世界  thousands of simulated worlds; ARGS="--worlds 500 --days 1 --jobs 2 --seed 1"
	@$(BIN)/locker soak --worlds 2000 --jobs 2 --save soak-failure.json $(ARGS)

planted: $(READY) ## 种下的错误  bugs planted in a copy of the program; each must be caught; ARGS="--only retained"
	@$(BIN)/python -m sim.world.planting --jobs 2 $(ARGS)

screens: $(READY) ## 屏幕截图  renew the pictures of the screens that the tests compare with, and docs/pictures/screens-*.png
	@$(BIN)/python tests/kiosk/screens.py

eighty: $(READY) ## 八十岁老人数步数  count steps, touches and words of each flow; the table in docs/screen.md
	@$(BIN)/python tests/kiosk/eighty.py

lint: $(READY) ## ruff 与 mypy  ruff check, ruff format --check, mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: lint ## 全部检查  lint, then every test, JOBS=2 side by side; ARGS="tests/test_config.py" for a part
	@bash tests/debian-packages.sh
	@PYTHON=$(BIN)/python bash tests/other-issuers.sh
	@$(BIN)/python -m pytest $(or $(ARGS),-n $(JOBS) --dist loadfile)

crash: $(READY) ## 断电与杀进程  the power cut at every write of a day, and 500 times kill -9; CRASH=disk or kill for one of them
	@set -e; for kind in $(CRASH); do $(BIN)/locker crash $$kind $(ARGS); done

mutants: $(READY) ## 变异测试  documents that are almost right, none accepted; ARGS="--count 1000000 --seed 7 --jobs 2"
	@$(BIN)/python tests/fuzz/mutants.py $(ARGS)

fuzz: $(FUZZ_READY) ## 模糊测试  10 million bytes a wire (FUZZ_BYTES=), then coverage-guided, FUZZ_SECONDS=600 for all; ARGS="gm65"
	@PYTHONPATH=. $(FUZZ_VENV)/bin/python tests/fuzz/flood.py --bytes $(FUZZ_BYTES) $(ARGS)
	@$(FUZZ_VENV)/bin/python tests/fuzz/guided.py --seconds $(FUZZ_SECONDS) $(ARGS)

lock: ## 重新锁定依赖  resolve again within pyproject.toml; UPGRADE=--upgrade for newer versions
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install -qq --disable-pip-version-check $(PIP_TOOLS)
	@$(call compile,dev,--build-deps-for editable --extra sim --extra test)
	@$(call compile,pi,--build-deps-for editable --constraint requirements/dev.txt)
	@$(call compile,second-opinion,,requirements/second-opinion.in)
	@$(call compile,fuzz,,requirements/fuzz.in)

built: ## 写入构建时间  set the build time before a release; it is what a cabinet without a clock begins with
	sed -i "s/^BUILT_S = .*/BUILT_S = $$(date -u +%s | sed 's/\(.*\)\(...\)\(...\)$$/\1_\2_\3/')/" locker/__init__.py

clean: ## 删除生成的东西  remove what was made here, .venv too
	rm -rf $(VENV) .venv-lock $(FUZZ_VENV) .fuzz .venv-cwt docs/examples/javascript/node_modules tests/axe/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One lock file: every wheel's hash for every machine, and neither an index's address nor a path of this machine.
compile = echo "locking requirements/$(1).txt" && CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet \
	--generate-hashes --allow-unsafe --strip-extras $(2) $(UPGRADE) \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	--output-file requirements/$(1).txt $(or $(3),pyproject.toml)

$(READY): requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here; install Python 3.11 or later: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1); this needs 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make a virtual environment; install it: apt-get install python3-venv" >&2; exit 1; }
	@echo "1/3 virtual environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "2/3 packages of requirements/dev.txt, each hash checked (about a minute)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@echo "3/3 this project"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# The fuzzer's own environment: what a cabinet has, and atheris. It has wheels for few machines: said before, not by pip.
$(FUZZ_READY): requirements/pi.txt requirements/fuzz.txt
	@$(PYTHON) -c 'import platform as p, sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) \
		and (p.system(), p.machine(), p.libc_ver()[0]) == ("Linux", "x86_64", "glibc")))' || { \
		echo "make fuzz: atheris 3.0 has wheels for CPython 3.11 to 3.13 on x86_64 Linux with glibc; this is $$($(PYTHON) -V 2>&1) on $$(uname -sm)." >&2; \
		echo "Take such a machine, or make fuzz PYTHON=python3.12 ...; 'make mutants' and the kept corpus (make test) run everywhere." >&2; exit 1; }
	@echo "1/2 virtual environment in $(FUZZ_VENV)"
	@$(PYTHON) -m venv --clear $(FUZZ_VENV)
	@echo "2/2 packages of requirements/pi.txt and requirements/fuzz.txt, each hash checked"
	@$(FUZZ_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/pi.txt -r requirements/fuzz.txt
	@touch $(FUZZ_READY)
