"""What `sqs-tui demo` runs on: an embedded emulator and a producer of orders. Consuming a queue needs none of it."""
