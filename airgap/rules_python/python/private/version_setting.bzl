"""The Python version of the current configuration, as something a config_setting can match."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")

def _python_version_setting_impl(ctx):
    parts = ctx.attr.flag[BuildSettingInfo].value.split(".")
    return [config_common.FeatureFlagInfo(value = ".".join(parts[:2]))]

python_version_setting = rule(
    implementation = _python_version_setting_impl,
    doc = "Major and minor version of the flag; empty when the default version is meant.",
    attrs = {
        "flag": attr.label(
            doc = "The string flag with the version.",
            mandatory = True,
            providers = [BuildSettingInfo],
        ),
    },
)
