/**
 * The shapes that travel between the gateway and this page. Types only: nothing here runs.
 *
 * @typedef {object} Capabilities
 * @property {string[]} operations
 * @property {object} size
 * @property {{minimum: number, maximum: number, default: number} | null} steps
 * @property {object | null} guidance_scale
 * @property {boolean} negative_prompt
 * @property {boolean} seed
 * @property {boolean} previews
 *
 * @typedef {object} Model
 * @property {string} id
 * @property {string} name
 * @property {"image" | "text" | "pool"} [type]
 * @property {string} provider  its id
 * @property {string} [provider_name]  what it is called
 * @property {string} [owned_by]
 * @property {boolean} [default]  true on the one row to choose first
 * @property {Capabilities} [capabilities]
 *
 * @typedef {object} ProgressEvent
 * @property {"image_generation.progress"} type
 * @property {"queued" | "running"} stage
 * @property {number} [image_index]
 * @property {number | null} [queue_position]  0 = next in line
 * @property {number | null} [queue_size]
 * @property {number | null} [eta_seconds]
 * @property {number | null} [step]
 * @property {number | null} [total_steps]
 * @property {number | null} [progress]  0..1
 * @property {string | null} [message]
 *
 * @typedef {object} PreviewEvent
 * @property {"image_generation.partial_image"} type
 * @property {string} b64_json
 * @property {number} partial_image_index
 * @property {string} [output_format]
 *
 * @typedef {object} CompletedEvent
 * @property {"image_generation.completed"} type
 * @property {string} b64_json
 * @property {number} [image_index]
 * @property {number} [created_at]  Unix seconds
 * @property {string} [size]  "1024x768"
 * @property {"png" | "jpeg" | "webp"} [output_format]
 * @property {number | null} [seed]
 * @property {string} [model]  the id that served
 * @property {string | null} [requestId]  of the answer it came in; added by api.js
 *
 * @typedef {ProgressEvent | PreviewEvent | CompletedEvent} GenerationEvent
 *
 * @typedef {object} ErrorBody  OpenAI's error object
 * @property {string} [message]
 * @property {string | null} [type]
 * @property {string | null} [param]
 * @property {string | null} [code]
 */

export {};
