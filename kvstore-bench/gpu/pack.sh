#!/usr/bin/env bash
# Puts what a GPU host needs into one folder, and that into FOLDER.tar.gz: a Java runtime, jars, a way to start them. The host needs the NVIDIA driver and
# nothing else; for cuFile also libcufile.so.0, which CUDA and PyTorch bring.
#
#   kvstore-bench/gpu/pack.sh FOLDER          the program: FOLDER/kvstore serve --data ...; after ./kvstore --version
#   kvstore-bench/gpu/pack.sh FOLDER tests    the tests of kvstore-gds, for measure.sh; after
#                                             mvn -pl kvstore-gds -am -DskipTests verify as well. Needs PyTorch there
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
folder=${1:?the folder to make}
what=${2:-program}
: "${JAVA_HOME:?a JDK 25}"
repository=${MAVEN_REPOSITORY:-$HOME/.m2/repository}

# jdk.unsupported is for Netty and protobuf, jdk.httpserver for /metrics.
modules=java.base,java.logging,java.management,java.naming,java.xml,jdk.httpserver,jdk.management,jdk.unsupported
mkdir -p "$folder"
if [[ ! -d $folder/jre ]]; then
  "$JAVA_HOME/bin/jlink" --strip-debug --no-header-files --no-man-pages --compress zip-9 \
    --add-modules "$modules" --output "$folder/jre"
  # Debug symbols would be two thirds of the runtime, and are in its libraries where a distribution left them in.
  if type -P strip >/dev/null; then
    find "$folder/jre/lib" -name '*.so' -exec strip --strip-unneeded {} +
  fi
fi
rm -rf "$folder/lib" "$folder/tests"
mkdir -p "$folder/lib"

case $what in
  program)
    cp "$root"/kvstore-bench/target/lib/*.jar "$folder/lib/"
    # The class data that a JVM shares between starts is rebuilt where it is missing; the flags are those of ./kvstore.
    cat >"$folder/kvstore" <<'LAUNCHER'
#!/usr/bin/env bash
# Starts the kvstore in this folder. KVSTORE_JAVA_OPTS is appended to the JVM's flags.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
flags=(--enable-native-access=ALL-UNNAMED -XX:+UseCompactObjectHeaders)
if [[ " $* " == *" serve "* ]]; then
  flags+=(-Xms512m -Xmx512m -XX:MaxDirectMemorySize=512m -XX:+UseG1GC -XX:G1HeapRegionSize=4m -XX:+ExitOnOutOfMemoryError)
else
  flags+=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1)
fi
read -r -a more_flags <<<"${KVSTORE_JAVA_OPTS:-}"
exec "$here/jre/bin/java" "${flags[@]}" ${more_flags[@]+"${more_flags[@]}"} -cp "$here/lib/*" kvstore.client.cli.Main "$@"
LAUNCHER
    chmod +x "$folder/kvstore"
    ;;
  tests)
    mkdir -p "$folder/tests"
    for module in kvstore-api kvstore-lustre kvstore-gds kvstore-testkit; do
      cp -r "$root/$module/target/classes/." "$folder/tests/"
    done
    cp -r "$root/kvstore-gds/target/test-classes/." "$folder/tests/"
    cp "$root"/kvstore-bench/target/lib/{slf4j-api,logback-classic,logback-core,jspecify}-*.jar "$folder/lib/"
    for jar in org/assertj/assertj-core org/awaitility/awaitility org/hamcrest/hamcrest \
      org/junit/platform/junit-platform-console-standalone; do
      cp "$(find "$repository/$jar" -name '*.jar' | sort --version-sort | tail -1)" "$folder/lib/"
    done
    ;;
  *)
    echo "pack.sh: $what is neither program nor tests" >&2
    exit 2
    ;;
esac
cp "$root"/kvstore-bench/gpu/*.sh "$root"/kvstore-bench/gpu/*.py "$folder/"
tar -C "$(dirname "$folder")" -czf "$folder.tar.gz" "$(basename "$folder")"
du -sh "$folder" "$folder.tar.gz"
