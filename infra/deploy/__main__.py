"""`python -m infra.deploy`, which is what deploy.sh runs."""

from infra.deploy.cli import main

main()
