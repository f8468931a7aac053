"""What an action says whose tool ends with `run_actions` of worker.py.

    load("//tools/common:worker.bzl", "WORKER")

    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    ctx.actions.run(
        arguments = [args],
        execution_requirements = WORKER,
        ...
    )
"""

WORKER = {
    "requires-worker-protocol": "json",
    "supports-workers": "1",
}
