"""The programs behind the drop-in rules_oci: each rule's actions run one subcommand of one zipped package."""
