/** The card that says what went wrong, what to do, and which request to ask about. */

import { byId, factRow, part } from "./elements.js";

export function createFailureCard() {
  const card = byId("failure", HTMLElement);

  return {
    /**
     * @param {string} title
     * @param {import("./failure.js").GatewayFailure} failure
     * @param {string} [advice]  when the place knows better than the failure what to do
     */
    show(title, failure, advice = failure.advice) {
      part(card, "title", HTMLElement).textContent = title;
      part(card, "message", HTMLElement).textContent = failure.message;
      part(card, "advice", HTMLElement).textContent = advice;
      const facts = part(card, "facts", HTMLElement);
      facts.replaceChildren();
      if (failure.code) facts.append(factRow("Code", failure.code));
      if (failure.requestId) facts.append(factRow("Request id", failure.requestId));
      facts.hidden = facts.childElementCount === 0;
      card.hidden = false; // last: the alert is spoken as a whole
      card.scrollIntoView({ block: "nearest" });
    },
    hide() {
      card.hidden = true;
    },
  };
}
