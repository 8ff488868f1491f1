/**
 * The shapes that travel between the gateway and this page. Types only: nothing here runs.
 *
 * @typedef {{minimum: number, maximum: number, default: number}} Range
 *
 * @typedef {object} Sizes  what sizes a model paints; which fields are there depends on the policy
 * @property {"free" | "ratio" | "list" | "tier"} policy
 * @property {string} default  "1024x1024", or a ratio
 * @property {number} [minimum]  of a side, in pixels
 * @property {number} [maximum]
 * @property {number} [multiple]
 * @property {number} [max_pixels]
 * @property {number} [max_ratio]
 * @property {Record<string, string>} [ratios]  ratio to pixels
 * @property {string[]} [sizes]
 * @property {string[]} [tiers]  "1K", "2K", …
 *
 * @typedef {object} Capabilities
 * @property {("generate" | "edit" | "upscale" | "decompose")[]} operations
 * @property {Sizes} size
 * @property {Range | null} steps
 * @property {Range | null} guidance_scale
 * @property {boolean} negative_prompt
 * @property {boolean} prompt_enhance
 * @property {boolean} seed
 * @property {boolean} previews
 * @property {number} max_images  that it takes to work on
 * @property {boolean} mask
 * @property {Record<string, string[] | null>} options  a field's values, or null where any will do
 *
 * @typedef {object} TokenFacts
 * @property {string} prefix
 * @property {boolean} required
 * @property {string | null} page  where to get one
 *
 * @typedef {object} Model  of images; `capabilities`, `provider` and `token` are missing from pools
 * @property {string} id
 * @property {string} name
 * @property {"image" | "text" | "pool"} type
 * @property {string} [provider]  its id
 * @property {string} [provider_name]  what it is called
 * @property {TokenFacts} [token]
 * @property {boolean} [default]  true on the one row to choose first
 * @property {Capabilities} [capabilities]
 * @property {string[]} [models]  of a pool
 *
 * @typedef {object} Provider
 * @property {string} id
 * @property {string} name
 * @property {boolean} configured
 * @property {boolean} usable  by this caller
 * @property {TokenFacts} token
 * @property {number} models
 * @property {boolean} text
 * @property {{credential: number, owner: string, state: string, reason?: string, until?: number}[]} credentials
 * @property {{credential: number, gpu_seconds?: number, gpu_seconds_left?: number, error?: string}[]} [quota]
 *
 * @typedef {object} Template
 * @property {string} name
 * @property {string} description
 * @property {string} category
 * @property {string} system_prompt
 *
 * @typedef {{status: string, bindings: Record<string, boolean>}} Health
 *
 * @typedef {object} Arrived  what painting.js adds to each event
 * @property {number} image_index
 * @property {string | null} requestId  of the answer it came in
 *
 * @typedef {object} ProgressFields
 * @property {"progress"} kind
 * @property {"queued" | "running"} stage
 * @property {number | null} [queue_position]  0 = next in line
 * @property {number | null} [queue_size]
 * @property {number | null} [eta_seconds]
 * @property {number | null} [step]
 * @property {number | null} [total_steps]
 * @property {number | null} [progress]  0..1
 * @property {string | null} [message]
 *
 * @typedef {object} PreviewFields
 * @property {"partial_image"} kind
 * @property {string} b64_json
 * @property {string} [output_format]
 *
 * @typedef {object} CompletedFields
 * @property {"completed"} kind
 * @property {string} b64_json
 * @property {string} [size]  "1024x768"
 * @property {string} [output_format]
 * @property {number | null} [seed]
 * @property {string} [model]  the id that served
 * @property {string} [provider]
 *
 * @typedef {ProgressFields & Arrived} ProgressEvent
 * @typedef {PreviewFields & Arrived} PreviewEvent
 * @typedef {CompletedFields & Arrived} CompletedEvent
 * @typedef {ProgressEvent | PreviewEvent | CompletedEvent} PaintingEvent
 */

export {};
