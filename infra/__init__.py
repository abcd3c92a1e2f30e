"""The bridge on AWS: CDK stacks, one set an integration, and what deploys them."""
