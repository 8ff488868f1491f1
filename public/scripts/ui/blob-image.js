/** A picture that is no address yet: it has one for as long as it is shown. */

import { html, useEffect, useMemo } from "./html.js";

/** @param {{blob: Blob, [attribute: string]: unknown}} props */
export function BlobImage({ blob, ...attributes }) {
  const url = useMemo(() => URL.createObjectURL(blob), [blob]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return html`<img ...${attributes} src=${url} />`;
}
