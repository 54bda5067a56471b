/** Worker threads of the host: those of Node, which Bun and Deno have too, or those of browsers. */

export interface WorkerHandle {
  post(message: unknown): void;
  end(): void;
  /** Lets the process end while the worker lives. */
  release(): void;
}

export interface WorkerEvents {
  message(data: unknown): void;
  /** An error nobody caught, or the worker's end. */
  failure(reason: string): void;
}

interface NodePort {
  on(event: string, listener: (value: never) => void): void;
  postMessage(message: unknown): void;
}

interface NodeWorker extends NodePort {
  terminate(): Promise<number>;
  unref(): void;
}

interface NodeThreads {
  readonly Worker: new (source: string | URL, options: { eval: boolean; execArgv: string[] }) => NodeWorker;
  readonly parentPort: NodePort | null;
}

function nodeModule<T>(name: string): T | undefined {
  type Process = { getBuiltinModule?: (name: string) => T | undefined };
  return (globalThis as { process?: Process }).process?.getBuiltinModule?.(name);
}

/** Whether this is a page: some have parts of Node too. */
function isPage(): boolean {
  return typeof document === "object" && typeof Worker === "function";
}

/** How many threads run at the same time here. */
export function parallelism(): number {
  const os = nodeModule<{ availableParallelism(): number }>("node:os");
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/**
 * Starts a worker.
 *
 * @param source its script, which is run unless there is a URL
 * @throws where the host has no workers or forbids this one
 */
export function openWorker(source: string, url: string | URL | undefined, events: WorkerEvents): WorkerHandle {
  const threads = isPage() ? undefined : nodeModule<NodeThreads>("node:worker_threads");
  if (threads !== undefined) return openNodeWorker(threads, source, url, events);
  if (typeof Worker !== "function") throw new Error("workers are missing here");
  const blob = url === undefined ? URL.createObjectURL(new Blob([source], { type: "text/javascript" })) : undefined;
  const worker = new Worker(url ?? (blob as string));
  const loaded = () => {
    if (blob !== undefined) URL.revokeObjectURL(blob);
  };
  worker.onmessage = ({ data }) => {
    loaded();
    events.message(data);
  };
  worker.onerror = (event) => {
    loaded();
    event.preventDefault();
    events.failure(event.message ?? `its script cannot be loaded${url === undefined ? "" : ` from ${url}`}`);
  };
  return { post: (message) => worker.postMessage(message), end: () => worker.terminate(), release: () => {} };
}

function openNodeWorker(
  { Worker }: NodeThreads,
  source: string,
  url: string | URL | undefined,
  events: WorkerEvents,
): WorkerHandle {
  const script = typeof url === "string" && url.startsWith("file:") ? new URL(url) : url;
  const worker = new Worker(script ?? source, { eval: script === undefined, execArgv: [] });
  worker.on("message", events.message);
  worker.on("error", (error: unknown) => events.failure(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code: number) => events.failure(`exit code ${code}`));
  return {
    post: (message) => worker.postMessage(message),
    end: () => void worker.terminate(),
    release: () => worker.unref(),
  };
}

/** Inside a worker: the way to the thread that started it. */
export function parentPort<Message>(): {
  listen(listener: (message: Message) => void): void;
  post(message: unknown): void;
} {
  const port = nodeModule<NodeThreads>("node:worker_threads")?.parentPort;
  if (port) return { listen: (listener) => port.on("message", listener), post: (message) => port.postMessage(message) };
  return {
    listen: (listener) => {
      globalThis.onmessage = ({ data }) => listener(data);
    },
    post: (message) => globalThis.postMessage(message),
  };
}
