// sqs-consumer as its documentation has it, with a batch handler: `node peer_node.mjs ENDPOINT_URL HANDLER_SECONDS`.
// Its packages are found through the folder that NODE_PACKAGES names.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PACKAGES}/`);
const { SQSClient, GetQueueUrlCommand } = require("@aws-sdk/client-sqs");
const { Consumer } = require("sqs-consumer");

const [endpoint, handlerSeconds] = process.argv.slice(2);
const sqs = new SQSClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});
const { QueueUrl: queueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "bench-0" }));
const sleep = () => new Promise((done) => setTimeout(done, 1000 * Number(handlerSeconds)));
const consumer = Consumer.create({
  sqs,
  queueUrl,
  batchSize: 10,
  waitTimeSeconds: 20,
  handleMessageBatch: async (messages) => {
    if (Number(handlerSeconds)) await Promise.all(messages.map(sleep));
    return messages;
  },
});
consumer.on("error", (error) => console.error(error));
consumer.start();
