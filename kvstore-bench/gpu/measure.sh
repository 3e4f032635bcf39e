#!/usr/bin/env bash
# On a GPU host, as root, in a folder made by pack.sh: bindings, contract suite, checksum kernel, regions of another process,
# and rates beside what the parts reach alone. One line for each result; exits with 1 if any step failed.
#
#   measure.sh [STEP ...]       all steps without arguments
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
steps=${*:-bindings contract kernel region killed limits rates}
python=${PYTHON:-python3}
cufile=${LIBCUFILE:-$("$python" -c 'import importlib.util as u, pathlib
places = u.find_spec("nvidia").submodule_search_locations
print(next(str(p) for place in places for p in pathlib.Path(place).rglob("libcufile.so.0")))')}
work=$(mktemp -d)
java=(jre/bin/java --enable-native-access=ALL-UNNAMED -XX:+UseCompactObjectHeaders -Xmx2g -cp "tests:lib/*" ${BENCH_OPTIONS:-})
disks=(/mnt/l0 /mnt/l1 /mnt/l2 /mnt/l3 /mnt/l4 /mnt/l5 /mnt/l6 /mnt/l7)
[[ -z ${BENCH_DISKS:-} ]] || read -r -a disks <<<"$BENCH_DISKS"
failed=0

bench() {
  "${java[@]}" kvstore.gds.GpuBench "$cufile" "$@" || { echo "FAILED: $*"; failed=1; }
}

client() {
  rm -f "$work"/exports "$work"/done
  "$python" export_tensors.py "$work/exports" "$work/done" "$1" &
  client_pid=$!
  local waited
  for ((waited = 0; waited < 600; waited++)); do
    [[ ! -e $work/exports ]] || return 0
    sleep 0.1
  done
  echo "FAILED: no client"
  failed=1
}

for step in $steps; do
  echo "== $step"
  case $step in
    bindings) bench bindings ;;
    contract)
      for way in staged cufile; do
        mkdir -p target
        KVSTORE_TEST_GPU=$way KVSTORE_TEST_LIBCUFILE=$cufile "${java[@]}" org.junit.platform.console.ConsoleLauncher \
          execute --select-class 'kvstore.gds.GpuEngineContractTest$RealGpu' --details=summary --disable-banner \
          >"$work/contract.log" 2>&1 || { failed=1; cat "$work/contract.log"; }
        echo "contract on the real GPU, $way: $(grep -E 'tests (successful|failed|aborted)' "$work/contract.log" | tr -s ' \n' ' ')"
      done
      ;;
    kernel) bench kernel "${disks[0]}" ;;
    region)
      client 300
      bench region "$work/exports" "${disks[0]}"
      touch "$work/done"
      wait "$client_pid" || { echo "FAILED: client"; failed=1; }
      ;;
    killed)
      client 1024
      bench killed "$work/exports" "${disks[0]}" "$client_pid"
      wait "$client_pid" 2>/dev/null
      ;;
    limits)
      bench copies
      bench raw direct "${disks[@]}"
      bench raw buffered "$PWD"
      ;;
    rates)
      bench rates direct cufile,direct,staged "${disks[@]}"
      bench rates buffered cufile,direct,staged "$PWD"
      ;;
  esac
done
rm -rf "$work"
exit $failed
