#!/usr/bin/env bash
# The table of times to the first token, on a GPU host, in one sitting: vLLM alone, LMCache in-process with DRAM, with its
# GdsBackend, with kvstore's plugin; LMCache's server with fs_native and with kvstore. On the eight file systems of fast_disks.sh.
#
#   ttft.sh OUT [STAGE ...]       OUT gets a file of JSON and a log for each stage
#
# SITE has vLLM 0.25.1 and LMCache 0.5.3 and what they need (PYTHONPATH), MODEL a Llama configuration (config.json).
set -uo pipefail
kit=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
out=${1:?where results go}
shift
stages=${*:-none dram gds ours restart mp_fs mp_ours}
work=${WORK:-/tmp/kvstore-gpu}
buffer_mib=${BUFFER_MIB:-16384}
mkdir -p "$out" "$work"
export PYTHONPATH=$kit/python:${SITE:-/tmp/site}${PYTHONPATH:+:$PYTHONPATH} PYTHONHASHSEED=0 PYTHONUNBUFFERED=1 NO_COLOR=1
export VLLM_WORKER_MULTIPROC_METHOD=fork VLLM_USE_FLASHINFER_SAMPLER=0 VLLM_USE_DEEP_GEMM=0 VLLM_NO_USAGE_STATS=1
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 LMCACHE_TRACK_USAGE=false

settings_of() {
  case $1 in
    dram) printf 'chunk_size: 256\nlocal_cpu: true\nmax_local_cpu_size: 30\n' ;;
    gds)
      printf 'chunk_size: 256\nlocal_cpu: false\nmax_local_cpu_size: 1\ngds_path: %s\n' "$work/gds"
      printf 'use_gds: true\ngds_backend: cufile\ngds_buffer_size: %s\n' "$buffer_mib"
      printf 'extra_config:\n  use_direct_io: true\n  disk_io_threads: 32\n'
      ;;
    ours)
      printf 'chunk_size: 256\nlocal_cpu: false\nmax_local_cpu_size: 0\nstorage_plugins: ["LocalCPUBackend"]\nextra_config:\n'
      printf '  storage_plugin.LocalCPUBackend.%s\n' 'module_path: kvstore_lmcache.gpu_backend' \
        'class_name: KvStoreGpuBackend' "target: unix:$work/ttft/s" "buffer_mib: $buffer_mib" 'channels: 16'
      ;;
  esac
}

spread_directories() {
  local i first
  rm -rf "${1:?}"
  mkdir -p "$1"
  # LMCache's hashes are written as numbers, some of them negative.
  for ((i = 0; i < 266; i++)); do
    first=$(printf %02x "$i")
    ((i < 256)) || first=-$((i - 256))
    mkdir -p "/mnt/l$((i % 8))/spread/$first"
    ln -s "/mnt/l$((i % 8))/spread/$first" "$1/$first"
  done
}

start_daemon() {
  mkdir -p "$work/ttft"
  rm -f "$work/ttft/s"
  setsid "$kit/kvstore" serve --data=/mnt/l0/ttft --set=data.more-directories="$(printf '/mnt/l%s/ttft,' {1..7} | sed 's/,$//')" \
    --set=grpc.listen=127.0.0.1:0 --set=grpc.unix-socket="$work/ttft/s" --set=admin.listen= --set=data.capacity=5GiB \
    --set=data.segment-size=104MiB --set=data.max-value-size=32MiB --set=data.read-threads=32 --set=data.write-threads=16 \
    --set=gds.read-threads=32 --set=gds.write-threads=32 ${DAEMON_OPTIONS:-} >>"$out/daemon.log" 2>&1 &
  daemon=$!
  local waited
  for ((waited = 0; waited < 300; waited++)); do
    [[ ! -S $work/ttft/s ]] || break
    sleep 0.1
  done
  "$kit/kvstore" stat --target="unix:$work/ttft/s" | tee -a "$out/daemon.log" | grep -iE 'gpu|path|chunks'
}

stop_daemon() {
  kill "-${1:-TERM}" "$daemon" 2>/dev/null
  wait "$daemon" 2>/dev/null
}

engine() {
  local name=$1 mode=$2 started
  shift 2
  started=$SECONDS
  settings_of "${settings:-}" >"$work/$name.yaml"
  LMCACHE_CONFIG_FILE=$work/$name.yaml timeout -k 10 "${LIMIT:-150}" python3 "$kit/ttft.py" --label "$name" --mode "$mode" \
    --model "${MODEL:-/tmp/rig/model}" --out "$out/$name.json" "$@" >"$work/$name.log" 2>&1
  echo "== $name: exit $?, $((SECONDS - started)) s"
  grep -E '^TTFT|^[A-Za-z]*Error' "$work/$name.log" | cut -c1-900
  grep -E 'Retrieved|Stored|ERROR|WARN' "$work/$name.log" | cut -c1-260 | tail -400 >"$out/$name.log"
  [[ -s $out/$name.json ]] || tail -40 "$work/$name.log"
}

server() {
  local name=$1
  shift
  setsid python3 -m lmcache.cli.main server --port 5555 --http-port 8090 --l1-size-gb 30 --no-l1-use-lazy \
    --eviction-policy LRU "$@" >"$work/$name.server.log" 2>&1 &
  server=$!
  local waited
  for ((waited = 0; waited < 90; waited++)); do
    (exec 3<>/dev/tcp/localhost/5555 && exec 3<>/dev/tcp/localhost/8090) 2>/dev/null && return
    kill -0 "$server" 2>/dev/null || break
    sleep 1
  done
  echo "FAILED: no server"
  tail -20 "$work/$name.server.log"
}

reference=()
[[ ! -e $out/none.json ]] || reference=(--reference "$out/none.json")
for stage in $stages; do
  case $stage in
    none)
      engine none none --warm 0
      reference=(--reference "$out/none.json")
      ;;
    dram) settings=dram engine dram lmc "${reference[@]}" ;;
    gds)
      spread_directories "$work/gds"
      settings=gds engine gds lmc "${reference[@]}"
      rm -rf /mnt/l?/spread "$work/gds"
      ;;
    ours)
      rm -rf /mnt/l?/ttft
      start_daemon
      settings=ours engine ours lmc "${reference[@]}"
      stop_daemon KILL
      ;;
    restart)
      # What the stage before stored, after a kill of the daemon, in a new engine: its cold requests must be hits.
      start_daemon
      settings=ours engine restart lmc "${reference[@]}" --warm 1 --at-once 0
      stop_daemon
      rm -rf /mnt/l?/ttft
      ;;
    mp_fs)
      mkdir -p "$work/fs" /mnt/l{0..7}/spread
      export KVSTORE_SPREAD KVSTORE_SPREAD_IN=$work/fs/ LD_PRELOAD=$kit/spread.so
      KVSTORE_SPREAD=$(printf '%s:' /mnt/l{0..7}/spread | sed 's/:$//')
      server mp_fs --l2-adapter "{\"type\":\"fs_native\",\"base_path\":\"$work/fs\",\"use_odirect\":true,\"num_workers\":32}"
      unset KVSTORE_SPREAD KVSTORE_SPREAD_IN LD_PRELOAD
      engine mp_fs mp "${reference[@]}"
      kill "$server"
      wait "$server" 2>/dev/null
      rm -rf /mnt/l?/spread "$work/fs"
      ;;
    mp_ours)
      rm -rf /mnt/l?/ttft
      start_daemon
      server mp_ours --shm-name ttft --l1-align-bytes 4096 --l2-adapter "{\"type\":\"native_plugin\",\"module_path\":\
\"kvstore_lmcache\",\"class_name\":\"KvStoreClient\",\"adapter_params\":{\"target\":\"unix:$work/ttft/s\",\"channels\":8}}"
      engine mp_ours mp "${reference[@]}"
      kill "$server"
      wait "$server" 2>/dev/null
      stop_daemon
      rm -rf /mnt/l?/ttft
      ;;
  esac
done
