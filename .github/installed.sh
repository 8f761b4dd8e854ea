#!/usr/bin/env bash
# bash .github/installed.sh PLATFORM: installs the tarballs of ./tarballs for a platform in an empty folder and holds its native code
# against TypeScript. Fails where native code does not serve.
set -euo pipefail
tarballs=$PWD/tarballs
cd "$(mktemp -d)"
echo '{ "private": true }' >package.json
# A path as npm takes it on Windows too.
command -v cygpath >/dev/null && tarballs=$(cygpath -m "$tarballs")
npm install --no-audit --no-fund "$tarballs"/nonlin-[0-9]*.tgz "$tarballs"/nonlin-"$1"-[0-9]*.tgz
npx nonlin info
node -e '
  const { native, reason, problems } = require("nonlin").info();
  if (native === null || problems.length > 0) throw new Error(reason ?? problems.join());
'
npx nonlin check
# A worker that ends with threads of the addon running, and a program that goes on.
node -e '
  const { Worker } = require("node:worker_threads");
  const text = "const n = require(\"nonlin\"); n.setThreads(2); n.sigmoid(new Float32Array(1 << 21))";
  new Worker(text, { eval: true }).on("exit", (code) => setTimeout(() => process.exit(code), 100));
'
