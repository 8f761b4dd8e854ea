#!/usr/bin/env python3
"""A folder of shards through a command, on the workers of a Dask cluster: each file of the one becomes that of the same name in the other.

  python3 filter.py tcp://scheduler:8786 logits/ shares/ nonlin softmax

The folders are the same on every machine, as on a network's file system; the command is run as `nonlin softmax logits/0.npy -o shares/0.npy`.
A shard that fails is named, the rest is done, and the exit code is 1.
"""
import os
import subprocess
import sys

from distributed import Client, as_completed


def one(command, source, target):
    """Runs on a worker. The file has its name only when it is whole, so that a task that is run again does no harm."""
    done = subprocess.run([*command, source, "-o", target], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def main(address, source, target, *command):
    os.makedirs(target, exist_ok=True)
    names = sorted(os.listdir(source))
    failed = {}
    with Client(address) as client:
        tasks = {
            client.submit(one, command, os.path.join(source, name), os.path.join(target, name), pure=False): name
            for name in names
        }
        for task in as_completed(tasks):
            name = tasks[task]
            reason = task.result() if task.status == "finished" else repr(task.exception())
            if reason is not None:
                failed[name] = reason
                print(f"{name}: {reason}", file=sys.stderr)
    print(f"{len(names) - len(failed)} of {len(names)} shards done")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
