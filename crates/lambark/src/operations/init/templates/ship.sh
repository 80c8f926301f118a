#!/usr/bin/env bash
# Written by `lambark init` in place of a script that did the same by hand; git has the old one.
# Arguments: {%USAGE%}. Services of lambark.toml: {%SERVICES%}.
set -euo pipefail

{%ARGUMENTS%}
# Builds, checks, pushes, updates by digest, waits, tests, moves the alias; back again if a test fails.
exec lambark ship "$service" --tag "$tag"
