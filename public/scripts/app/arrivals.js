/** Pictures that are pasted or dropped, wherever on the page: it takes them, and is never left for a file. */

import { open, receive } from "../edit/receive.js";
import { describe } from "../gateway/describe.js";
import { GatewayFailure } from "../gateway/failure.js";
import { models } from "../state/catalog.js";
import { drafts } from "../state/draft.js";
import { authorizationFor } from "../state/keys.js";
import { wordsOf } from "../state/language.js";
import { BlobImage } from "../ui/blob-image.js";
import { carried } from "../ui/carried.js";
import { Dialog } from "../ui/dialog.js";
import { FailureCard } from "../ui/failure-card.js";
import { html, useEffect, useSignal } from "../ui/html.js";
import { announce } from "./announcer.js";
import { go, view } from "./views.js";

export function Arrivals() {
  /** @type {Signal<{pictures: Blob[], refused: string} | null>} on Create: the reader says what they are for */
  const arrived = useSignal(null);
  useEffect(() => {
    const listening = new AbortController();
    const mark = (/** @type {boolean} */ on) => document.body.toggleAttribute("data-dropping", on);
    let own = false; // a picture of the page's own is dragged
    /** @param {any} event */
    const onFiles = async (event) => {
      const { types = [], files = [] } = event.dataTransfer ?? event.clipboardData ?? {};
      const works = view.value === "edit" || view.value === "layers";
      const picture = own && (works || event.target.closest?.(".composer")) && carried.current;
      const isText = types.includes("text/plain") && event.target.matches?.("textarea, input");
      if (event.defaultPrevented || (!picture && (!types.includes("Files") || isText))) return;
      event.preventDefault(); // or the browser leaves the page for the file
      if (own && !works && !picture) return;
      mark(event.type === "dragover");
      if (event.type === "dragover") return;
      const given = picture ? [new File([picture], "", { type: picture.type })] : [...files];
      if (view.value === "create") {
        arrived.value = await open(given);
        return;
      }
      if (!works) go("edit");
      await receive(given, drafts[view.value === "layers" ? "layers" : "edit"]);
    };
    for (const kind of ["paste", "dragover", "drop"]) document.addEventListener(kind, onFiles, listening);
    document.addEventListener("dragstart", () => { own = true; }, listening);
    document.addEventListener("dragend", () => { [own, carried.current] = [false, null]; }, listening);
    document.addEventListener("dragleave", ({ relatedTarget }) => { if (!relatedTarget) mark(false); }, listening);
    return () => listening.abort();
  }, []);
  return arrived.value && html`<${Question} ...${arrived.value} onClose=${() => { arrived.value = null; }} />`;
}

/** @param {{pictures: Blob[], refused: string, onClose: () => void}} props */
function Question({ pictures, refused, onClose }) {
  const words = wordsOf("arrivals");
  const busy = useSignal(false);
  /** @type {Signal<GatewayFailure | null>} */
  const failure = useSignal(null);
  const edit = () => {
    drafts.edit.images.value = pictures;
    onClose();
    go("edit");
  };
  const refer = () => {
    for (const picture of pictures) drafts.edit.refer(picture);
    drafts.edit.prompt.value ||= drafts.create.prompt.value;
    onClose();
    go("edit");
  };
  const tell = async () => {
    [busy.value, failure.value] = [true, null];
    try {
      const texts = models.value.filter(({ type }) => type === "text");
      drafts.create.prompt.value = await describe(pictures[0], texts, (model) => authorizationFor(model?.token ? [model.token.prefix] : []));
      announce(words.described, true);
      onClose();
    } catch (error) {
      if (!(error instanceof GatewayFailure)) throw error;
      failure.value = error;
    } finally {
      busy.value = false;
    }
  };
  return html`
    <${Dialog} title=${words.title} close=${words.close} onClose=${onClose}>
      <div class="tools arrived">${pictures.map((picture, at) => html`<${BlobImage} key=${at} blob=${picture} alt="" />`)}</div>
      ${refused && html`<p class="problem">${refused}</p>`}
      ${pictures.length > 0 && html`
        <div class="tools">
          <button class="button button-primary" type="button" autofocus onClick=${edit}>${words.edit}</button>
          <button class="button" type="button" aria-disabled=${busy.value} onClick=${() => busy.value || tell()}>${busy.value ? words.describing : words.describe}</button>
          <button class="button" type="button" onClick=${refer}>${words.refer}</button>
        </div>`}
      ${failure.value && html`<${FailureCard} title=${words.failed} failure=${failure.value} />`}
    <//>`;
}
