#!/usr/bin/env bash
# Puts what a GPU host needs into one folder of about 55 MB: a Java runtime, the jars, the tests and these scripts. The host
# needs the NVIDIA driver, PyTorch, and libcufile.so.0, which PyTorch brings.
#
#   kvstore-bench/gpu/pack.sh FOLDER       after ./kvstore --version and mvn -pl kvstore-gds -am -DskipTests verify
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
folder=${1:?the folder to make}
: "${JAVA_HOME:?a JDK 25}"
repository=${MAVEN_REPOSITORY:-$HOME/.m2/repository}

mkdir -p "$folder/lib" "$folder/tests"
[[ -d $folder/jre ]] || "$JAVA_HOME/bin/jlink" --strip-debug --no-header-files --no-man-pages --compress zip-9 \
  --add-modules java.base,java.logging,java.management,jdk.management,java.naming,java.xml --output "$folder/jre"
rm -rf "$folder/lib" "$folder/tests"
mkdir -p "$folder/lib" "$folder/tests"
for module in kvstore-api kvstore-lustre kvstore-gds kvstore-testkit; do
  cp -r "$root/$module/target/classes/." "$folder/tests/"
done
cp -r "$root/kvstore-gds/target/test-classes/." "$folder/tests/"
cp "$root"/kvstore-bench/target/lib/{slf4j-api,logback-classic,logback-core,jspecify}-*.jar "$folder/lib/"
for jar in org/assertj/assertj-core org/awaitility/awaitility org/hamcrest/hamcrest \
  org/junit/platform/junit-platform-console-standalone; do
  cp "$(find "$repository/$jar" -name '*.jar' | sort --version-sort | tail -1)" "$folder/lib/"
done
cp "$root"/kvstore-bench/gpu/*.sh "$root"/kvstore-bench/gpu/*.py "$folder/"
du -sh "$folder"
