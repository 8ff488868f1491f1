/** An address for a Blob, as long as it is shown. */

import { useEffect, useMemo } from "./html.js";

/** @param {Blob} blob */
export function useBlobUrl(blob) {
  const url = useMemo(() => URL.createObjectURL(blob), [blob]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return url;
}
