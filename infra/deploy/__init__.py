"""What `deploy.sh` runs: puts the bridge into an AWS account, shows it there, and takes it away again."""
