// Waits for a condition with a deadline, instead of sleeping and hoping.

/** Resolves once `condition` holds, asked every 20 ms; fails after the deadline. */
export async function until(condition: () => Promise<boolean> | boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`the condition did not come true within ${timeoutMs} ms: ${condition}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}
