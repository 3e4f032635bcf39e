#!/usr/bin/env bash
# Puts what a GPU host needs to run the daemon, the Python package and these scripts into one folder: a Java runtime, the jars,
# a launcher. The host needs the NVIDIA driver and Python with PyTorch, grpcio and protobuf; compare.py and ttft.sh also vLLM
# and LMCache.
#
#   kvstore-bench/gpu/pack_daemon.sh FOLDER       after ./kvstore --version
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${1:?the folder to make}
: "${JAVA_HOME:?a JDK 25}"

mkdir -p "$folder"
if [[ ! -d $folder/jre ]]; then
  "$JAVA_HOME/bin/jlink" --strip-debug --no-header-files --no-man-pages --compress zip-0 --output "$folder/jre" --add-modules \
    java.base,java.logging,java.management,jdk.management,java.naming,java.xml,jdk.unsupported,jdk.net,jdk.httpserver
fi
gcc -O2 -Wall -shared -fPIC -o "$folder/spread.so" "$here/spread.c"
rm -rf "$folder/lib" "$folder/python"
mkdir -p "$folder/python"
cp -r "$root/kvstore-bench/target/lib" "$folder/lib"
cp -r "$root/kvstore-lmcache/src/kvstore_lmcache" "$folder/python/"
find "$folder/python" -name __pycache__ -prune -exec rm -rf {} +
cp "$here"/*.sh "$here"/*.py "$folder/"
cat >"$folder/kvstore" <<'LAUNCHER'
#!/usr/bin/env bash
# As ./kvstore of a checkout, without a build.
kit=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
flags=(--enable-native-access=ALL-UNNAMED -XX:+UseCompactObjectHeaders)
if [[ ${1:-} == serve ]]; then
  flags+=(-Xms512m -Xmx512m -XX:MaxDirectMemorySize=512m -XX:+UseG1GC -XX:G1HeapRegionSize=4m -XX:+ExitOnOutOfMemoryError)
else
  flags+=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1)
fi
exec "$kit/jre/bin/java" "${flags[@]}" ${KVSTORE_JAVA_OPTS:-} -cp "$kit/lib/*" kvstore.client.cli.Main "$@"
LAUNCHER
chmod +x "$folder/kvstore"
du -sh "$folder"
