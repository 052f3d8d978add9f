"""The dashboard and the command line of sqs-tui."""
