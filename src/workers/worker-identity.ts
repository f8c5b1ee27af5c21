// Who holds a bot: a worker's lasting name plus the life it is in, so that a restarted worker knows its own leftovers.

export interface WorkerIdentity {
  /** Lasting name, the same after every restart. */
  readonly workerId: string;
  /** Name of this life: `<workerId>/<pid>-<nonce>`. */
  readonly holder: string;
  readonly pid: number;
}

export function identityOf(workerId: string, pid: number, nonce: string): WorkerIdentity {
  return { workerId, holder: `${workerId}/${pid}-${nonce}`, pid };
}

/** The lasting name in a holder's name. */
export function workerIdOf(holder: string): string {
  return holder.slice(0, holder.lastIndexOf("/"));
}

/**
 * True when `holder` was an earlier life of this worker, on this machine, that has ended: its process is gone, or its
 * process id is ours. A second worker that shares the name and is alive is somebody else.
 */
export function isFormerLife(holder: string, own: WorkerIdentity, isPidAlive: (pid: number) => boolean): boolean {
  if (holder === own.holder || workerIdOf(holder) !== own.workerId) return false;
  const pid = Number(/\/(\d+)-[^/]*$/.exec(holder)?.[1] ?? Number.NaN);
  return Number.isInteger(pid) && (pid === own.pid || !isPidAlive(pid));
}
