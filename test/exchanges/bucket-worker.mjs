// A process of its own that runs the bucket's script as fast as it can and reports when Redis let each grant go, ms.

import { Redis } from "ioredis";

const { socket, script, keys, args, forMs } = JSON.parse(process.argv[2]);
const redis = new Redis({ path: socket });
const times = [];
const until = performance.now() + forMs;
while (performance.now() < until) {
  const [status, delayUs, , nowUs] = await redis.eval(script, keys.length, ...keys, ...args);
  await new Promise((resolve) => setTimeout(resolve, Math.min(Number(delayUs) / 1_000, 100)));
  if (status === "granted") times.push((Number(nowUs) + Number(delayUs)) / 1_000);
}
redis.disconnect();
process.send(times);
