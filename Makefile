# Thin: every target is at most three lines and calls the sselmp command line, which you can call directly too.
MODEL ?= sevennet
SYSTEM ?= Li6PS5Cl
CAMPAIGN ?= quick
PYTHON ?= python3
SSELMP := .venv/bin/sselmp
# uv does not read pip's variable; the same wheels serve both. Compiled bytecode halves every later start.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_COMPILE_BYTECODE ?= 1
