# The flags of the JVM for each command, for ./kvstore of a checkout and for the launcher of the packages. To be sourced.

# jvm_flags HOME AOT_CACHE ARGUMENT...
#
# Sets the array `flags` for a command line. HOME is what `kvstore.home` shall name. AOT_CACHE is a file that the JVM made
# with the flags of `serve` for these jars, or nothing; it is used where it can be read. KVSTORE_JAVA_OPTS comes last, and
# the last of two contradicting flags wins.
jvm_flags() {
  local home=$1 aot_cache=$2 command="" argument more_flags serve_flags
  shift 2
  for argument in "$@"; do
    if [[ $argument != -* ]]; then
      command=$argument
      break
    fi
  done
  read -r -a more_flags <<<"${KVSTORE_JAVA_OPTS:-}"

  flags=(--enable-native-access=ALL-UNNAMED -XX:+UseCompactObjectHeaders)
  # The payload is off the heap, which is therefore small and of one size. G1 rather than ZGC: on so small a heap its pauses
  # are a few milliseconds, while ZGC's concurrent workers would take one of two cores, and it stalls allocation when they
  # fall behind. It is named because a JVM on a small machine would pick Serial by itself. Regions of 4 MiB keep a message of
  # up to 2 MiB that gRPC holds on the heap from being allocated as "humongous".
  serve_flags=("${flags[@]}" -Xms512m -Xmx512m -XX:MaxDirectMemorySize=512m -XX:+UseG1GC -XX:G1HeapRegionSize=4m
    -XX:+ExitOnOutOfMemoryError)
  if [[ -n $aot_cache && -r $aot_cache ]]; then serve_flags+=(-XX:AOTCache="$aot_cache"); fi
  case $command in
    serve)
      flags=("${serve_flags[@]}")
      ;;
    bench | bench-eviction | bench-start | demo)
      # All start a daemon, which gets its own flags. They measure, so they get the optimising compiler, and a heap that
      # does not grow under way.
      flags+=(-Dkvstore.home="$home" -Dkvstore.serve.flags="${serve_flags[*]} ${more_flags[*]-}"
        -Xms1g -Xmx1g -XX:+UseG1GC -XX:G1HeapRegionSize=4m -XX:+ExitOnOutOfMemoryError)
      ;;
    import | export | simulate | fsck)
      # Work for a while, so they get the optimising compiler.
      flags+=(-XX:+UseSerialGC)
      ;;
    *)
      # Lives for a second: what counts is the start.
      flags+=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1)
      ;;
  esac
  flags+=(${more_flags[@]+"${more_flags[@]}"})
}
