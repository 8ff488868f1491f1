// What travels within this page, and between it and the gateway. Types only, known to every module; not served.

type Signal<T> = import("../vendor/signals.js").Signal<T>;
type ReadonlySignal<T> = import("../vendor/signals.js").ReadonlySignal<T>;
type Children = import("../vendor/preact.js").ComponentChildren;
type Component = import("../vendor/preact.js").ComponentType;
type Ref<T> = { current: T | null };
/** An event at an element. */
type At<T extends HTMLElement> = Event & { currentTarget: T };

/** Of browsers that let no text become code; the page has one policy. */
interface Window {
  trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(text: string): string }): { createScriptURL(text: string): string } };
}

type Language = keyof typeof import("../words/languages.json");
type View = "create" | "edit" | "layers" | "compare" | "gallery" | "keys";
type Operation = "generate" | "edit" | "upscale" | "decompose";
type Value = string | number | boolean;

// As the gateway tells it.

interface Range {
  minimum: number;
  maximum: number;
  default: number | null;
  /** What the model's author recommends, by aim: `fast`, `quality`, `creative`, `precise`. */
  hints?: Record<string, string>;
}

/** What sizes a model paints; which fields are there depends on the policy. */
interface Sizes {
  policy: "free" | "ratio" | "list" | "tier";
  /** "1024x1024", or a ratio. */
  default: string;
  /** Of a side, in pixels. */
  minimum?: number;
  maximum?: number;
  multiple?: number;
  max_pixels?: number;
  max_ratio?: number;
  /** Ratio to pixels. */
  ratios?: Record<string, string>;
  sizes?: string[];
  /** "1K", "2K", … */
  tiers?: string[];
}

interface Capabilities {
  operations: Operation[];
  size: Sizes;
  steps: Range | null;
  guidance_scale: Range | null;
  negative_prompt: boolean;
  prompt_enhance: boolean;
  seed: boolean;
  previews: boolean;
  /** How many it takes to work on. */
  max_images: number;
  mask: boolean;
  /** A field's values, or null where any will do. */
  options: Record<string, string[] | null>;
}

interface TokenFacts {
  prefix: string;
  required: boolean;
  /** Where to get one. */
  page: string | null;
}

/** `capabilities`, `provider` and `token` are missing from pools, `capabilities` from models of text. */
interface Model {
  id: string;
  name: string;
  type: "image" | "text" | "pool";
  provider?: string;
  provider_name?: string;
  token?: TokenFacts;
  /** True of the one to choose first. */
  default?: boolean;
  capabilities?: Capabilities;
  /** Of a picture, where it is known: the sum of what each tile, each step… costs. */
  price?: { neurons: { tile_side: number; tile: number; step: number; tile_step: number; source_step: number } };
  /** Of a pool. */
  models?: string[];
}

/** A gateway key that was handed out; its text is there where it was just made. */
interface IssuedKey {
  id: string;
  name: string;
  images_per_day: number | null;
  source: "database" | "settings";
  key?: string;
}

interface Provider {
  id: string;
  name: string;
  configured: boolean;
  /** By this caller. */
  usable: boolean;
  token: TokenFacts;
  models: number;
  text: boolean;
  /** That anybody may use without a key. */
  free_neurons?: { a_day: number; left: number };
  credentials: { credential: number; owner: string; state: string; reason?: string; until?: string; upstreams?: object }[];
  quota?: { credential: number; gpu_seconds?: number; gpu_seconds_left?: number; error?: string }[];
  /** What the provider said of each key, where it was asked; empty where it cannot be asked. */
  check?: { credential: number; ok: boolean | null; status?: number; error?: string }[];
}

interface Template {
  name: string;
  description: string;
  category: string;
  system_prompt: string;
}

interface Health {
  status: string;
  bindings?: Record<string, boolean>;
  /** Whether a picture may be given an address here. */
  sharing?: boolean;
}

interface Frame {
  event: string;
  data: string;
  /** "" where none was told. */
  id: string;
}

/** What painting.js adds to each event. */
interface Arrived {
  image_index: number;
  /** Of the answer it came in. */
  requestId: string | null;
}

interface ProgressEvent extends Arrived {
  kind: "progress";
  stage: "queued" | "running";
  /** 0 is next in line. */
  queue_position?: number | null;
  queue_size?: number | null;
  eta_seconds?: number | null;
  step?: number | null;
  total_steps?: number | null;
  /** 0 to 1. */
  progress?: number | null;
  message?: string | null;
}

interface PreviewEvent extends Arrived {
  kind: "partial_image";
  b64_json: string;
  output_format?: string;
}

interface CompletedEvent extends Arrived {
  kind: "completed";
  b64_json: string;
  output_format?: string;
  /** "1024x768" */
  size?: string;
  seed?: number | null;
  /** The id that served. */
  model?: string;
  provider?: string;
  /** Seconds that a task took. */
  tookS?: number;
}

type PaintingEvent = ProgressEvent | PreviewEvent | CompletedEvent;

// As this page keeps it.

/** What the page itself found wrong; failure-words.js says it. */
type Reason = "unreachable" | "connectionLost" | "unreadable" | "pictureMissing" | "pictureBroken" | "unexplained";
type Advice = "wait" | "quota" | "access" | "request" | "retry" | "connection";
type Failure = import("./gateway/failure.js").GatewayFailure;

interface FailureFacts {
  /** Where the gateway did not say itself what was wrong. */
  reason?: Reason;
  /** What the gateway said. */
  message?: string;
  /** Of HTTP, when there was an answer. */
  status?: number;
  type?: string | null;
  code?: string | null;
  requestId?: string | null;
  retryAfterS?: number | null;
  /** Ways that were tried, as the gateway writes them. */
  tried?: string[];
}

/** A template whose words go with the prompt. */
interface Style {
  name: string;
  text: string;
}

/** All that another try needs; `images` and `mask` are left out where it is kept. */
interface Order {
  operation: "generate" | "edit" | "upscale" | "decompose" | "edit-layer";
  model: string;
  /** The person's own words. */
  prompt: string;
  style?: Style | null;
  /** In the gateway's names: size, seed, n, … */
  parameters: Record<string, Value>;
  images?: Blob[];
  mask?: Blob | null;
}

interface Attached {
  name: string;
  file: Blob;
  filename: string;
}

interface ImageRequest {
  path: string;
  fields: Record<string, Value>;
  /** Where there are any, the request is a form. */
  files: Attached[];
}

/**
 * In the gateway's names; whatever is absent is the model's own choice. `ratio` and `tier` are of this page:
 * they become a `size` that the model has.
 */
type Wishes = Record<string, Value | undefined>;

interface Shape {
  /** "16:9" */
  ratio: string;
  /** "1344x768" */
  size: string;
}

/** How large a picture is, in pixels. */
interface Extent {
  width: number;
  height: number;
}

interface Opened {
  blob: Blob;
  /** Of the blob, for this page; whoever opened it revokes it. */
  url: string;
  width: number;
  height: number;
  /** That was really used. */
  seed: number | null;
  /** The id that served. */
  model: string | null;
  provider: string | null;
  requestId: string | null;
}

interface Picture extends Opened {
  /** By which it is kept but once. */
  taskId?: string | null;
  elapsedS: number;
  order: Order;
  /** Its id in the gallery of this browser. */
  keptId?: string;
}

/** What may be painted, of words/examples.json. */
interface Example {
  /** Of its picture's file, and of its prompt among the words. */
  id: keyof typeof import("../words/en.json")["examples"];
  /** Of a template. */
  style: string | null;
  ratio: string;
  seed: number;
}

/** A line of a mask, in the canvas's own names; a box is a thick one. */
interface Stroke {
  globalCompositeOperation: string;
  lineWidth: number;
  lineCap: string;
  /** Of a lasso: what its points enclose. */
  fill?: boolean;
  /** x and y, in pixels of the picture. */
  points: number[][];
}

/** The first `at` of the strokes stand: the others were undone. */
interface Painting {
  strokes: Stroke[];
  at: number;
}

/** A row of the gallery. */
interface Kept extends Omit<Picture, "url"> {
  id: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  thumbnail: Blob;
  starred?: boolean;
}

/** A picture of the past: this browser has its file, the gateway's history its address. */
interface Past extends Omit<Kept, "blob" | "thumbnail"> {
  blob?: Blob;
  thumbnail?: Blob;
  url?: string;
}

interface Listed {
  /** Newest first. */
  rows: Past[];
  /** -1 until it is known. */
  total: number;
  as_of?: number;
  /** Why there is nothing. */
  note?: string;
  /** Bytes that this page takes in this browser, and may take. */
  usage?: number;
  quota?: number;
}

/** Where pictures of the past are kept. */
interface Shelf {
  /** Those that are known, and more. */
  list(known: Listed): Promise<Listed>;
  remove(...rows: Past[]): Promise<void>;
  clear(): Promise<void>;
}

/** How a request is written in a language: sentences with holes, in words/snippets.json. */
interface Snippet {
  /** A request without files, and one with. */
  json: string;
  form: string;
  field: string;
  image: string;
  mask: string;
  key: string;
  keyless: string;
  /** The fields that are written one by one, without it all; the rest is one value. */
  named?: string[];
  rest?: string;
  /** What must be there. */
  needed?: Record<string, Value>;
}

/** One of the pictures of a job: where it is, its latest preview and the picture itself. */
interface Slot {
  news: ProgressEvent | null;
  preview: string | null;
  picture: Picture | null;
  taskId: string | null;
  /** Whether it is taken up when the page was closed meanwhile. */
  kept: boolean;
  over: boolean;
}

/** A task that is under way, as this browser keeps it. */
interface KeptTask {
  taskId: string;
  /** Of the job that it belongs to, and which of its pictures it makes. */
  key: string;
  index: number;
  order: Order;
  model: string;
  view: string;
  /** Milliseconds since 1970. */
  startedAt: number;
}

type Stage = "sent" | "queued" | "running" | "done" | "failed" | "cancelled";
type Job = import("./state/job.js").Job;
type Draft = import("./state/draft.js").Draft;
type EditDraft = import("./state/draft.js").EditDraft;

/** What a view offers for a finished picture beside the usual. */
type Extra = (picture: Picture) => Children;

interface Sending {
  method?: string;
  headers?: Record<string, string>;
  /** A body. */
  json?: unknown;
  /** A body. */
  form?: FormData;
  authorization?: string | null;
  signal?: AbortSignal;
}

interface WritingWish {
  prompt: string;
  /** Of text; without it the gateway's default. */
  model?: string;
  /** What to write in. */
  language?: string;
  /** What the model is told, instead of the gateway's own words. */
  instruction?: string;
}

interface Written {
  prompt: string;
  model: string;
  provider: string;
}
