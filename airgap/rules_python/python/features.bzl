"""What this module can do.

`dropin` tells the drop-in from the published module, whose own features have no such field:
`getattr(features, "dropin", False)`.
"""

features = struct(
    dropin = True,
)
