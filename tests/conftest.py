"""What every test shares: real certificates, a real queue manager, a real AWS emulator, both MQ bindings."""

pytest_plugins = [
    "tests.fixtures.certificates",
    "tests.fixtures.aws",
    "tests.fixtures.binding",
    "tests.fixtures.bridge",
]
