#!/usr/bin/env python3
"""Official clients and servers, with and without the proxy: every answer to what is allowed must be the same.

Needs: the Python package `mcp` (2.x or 1.x), and from npm, in a directory named by --node, `@modelcontextprotocol/server-everything`,
`@modelcontextprotocol/server-filesystem` and `@modelcontextprotocol/inspector`; the built `ccc-mcp`; and the config of a running bridge
whose policy has the rules of `rules.toml` beside this file.

    python3 compare.py --node node_modules --ccc-mcp target/debug/ccc-mcp --config mcp.json

Prints one line for each thing compared and ends with 1 where something differs. `recorded.txt` is what it printed with the versions named there.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

EVERYTHING = [
    ("echo", {"message": "é😀漢"}),
    ("get-sum", {"a": 1, "b": 2.5}),
    ("get-tiny-image", {}),
    ("get-structured-content", {"location": "Chicago"}),
    ("get-annotated-message", {"messageType": "error", "includeImage": True}),
    ("get-resource-links", {"count": 3}),
    ("trigger-long-running-operation", {"duration": 1, "steps": 2}),
]


def files(directory):
    return [
        ("list_allowed_directories", {}),
        ("list_directory", {"path": directory}),
        ("read_text_file", {"path": f"{directory}/a.txt"}),
        ("read_text_file", {"path": f"{directory}/missing.txt"}),
    ]


def plain(result):
    return result.model_dump(mode="json")


async def session(command, calls, refused):
    """All answers of one session, by what was asked."""
    answers = {}
    async with stdio_client(StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))) as (r, w):
        async with ClientSession(r, w) as client:
            answers["initialize"] = plain(await client.initialize())
            answers["tools/list"] = plain(await client.list_tools())
            for tool, arguments in calls:
                progress = []

                async def told(*step, progress=progress):
                    progress.append(step)

                result = await client.call_tool(tool, arguments, progress_callback=told)
                answers[f"{tool} {json.dumps(arguments)}"] = (plain(result), progress)
            tool, arguments = calls[0]
            together = await asyncio.gather(*[client.call_tool(tool, arguments) for _ in range(20)])
            answers["20 calls at once"] = [plain(result) for result in together]
            for tool, arguments in refused:
                result = plain(await client.call_tool(tool, arguments))
                error = result.get("is_error", result.get("isError"))
                answers[f"refused: {tool}"] = error and "The call was not made" in result["content"][0]["text"]
    return answers


def inspector(node, script, *method):
    command = [f"{node}/.bin/mcp-inspector", "--cli", script, "--method", *method]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL).stdout


def script(directory, name, command):
    """The Inspector has options of its own, so what it starts is a file."""
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in command) + "\n")
    os.chmod(path, 0o700)
    return path


async def main():
    parser = argparse.ArgumentParser()
    for option in ("--node", "--ccc-mcp", "--config"):
        parser.add_argument(option, required=True)
    given = parser.parse_args()
    node, proxy, config = (os.path.abspath(path) for path in (given.node, given.ccc_mcp, given.config))
    os.environ["PATH"] = f"{node}/.bin:{os.environ['PATH']}"
    differing = 0

    def compare(what, bare, proxied):
        nonlocal differing
        same = bare == proxied
        differing += not same
        print(f"{'same' if same else 'DIFFERENT'}  {what}")

    with tempfile.TemporaryDirectory() as directory:
        directory = os.path.realpath(directory)
        with open(f"{directory}/a.txt", "w", encoding="utf-8") as file:
            file.write("hello é\n")
        servers = [
            ("everything", [f"{node}/.bin/mcp-server-everything"], EVERYTHING, [("get-env", {})]),
            ("files", [f"{node}/.bin/mcp-server-filesystem", directory], files(directory), [("write_file", {"path": f"{directory}/b", "content": "x"})]),
        ]
        for name, command, calls, refused in servers:
            proxied = [proxy, "--config", config, "proxy", "--server", name, "--wait", "1", "--", *command]
            without = await session(command, calls, [])
            with_proxy = await session(proxied, calls, refused)
            for what, answer in without.items():
                compare(f"python {name}: {what.replace(directory, 'DIR')}", answer, with_proxy.get(what))
            for what in with_proxy.keys() - without.keys():
                compare(f"python {name}: {what}", True, with_proxy[what])
            bare_script, proxied_script = script(directory, "bare", command), script(directory, "proxied", proxied)
            tool, arguments = calls[0]
            named = [word for key, value in arguments.items() for word in ("--tool-arg", f"{key}={value}")]
            for method in (["tools/list"], ["tools/call", "--tool-name", tool, *named]):
                shown = inspector(node, bare_script, *method)
                compare(f"inspector {name}: {' '.join(method[:3])}", (shown, bool(shown)), (inspector(node, proxied_script, *method), True))
        compare("nothing was written", False, os.path.exists(f"{directory}/b"))
    return 1 if differing else 0


sys.exit(asyncio.run(asyncio.wait_for(main(), 600)))
