/** Keeps the newest job in sight, and takes who waits for it to what came of it. */

import { useEffect, useRef } from "../ui/html.js";

const wide = matchMedia("(min-width: 60rem)");

/**
 * @param {Job | undefined} newest
 * @param {Ref<HTMLHeadingElement>} heading  of the section that shows it
 * @param {boolean} [elsewhere]  on a wide screen, its picture is shown and it is stopped in another place, where the reader is
 */
export function useFollowing(newest, heading, elsewhere = false) {
  const stage = newest?.stage.value;
  const wentOn = useRef(false);
  /** @type {{current: {job?: Job, running: boolean}}} */
  const seen = useRef({ job: newest, running: false });

  useEffect(() => {
    const onInput = () => { wentOn.current = true; };
    document.addEventListener("input", onInput);
    return () => document.removeEventListener("input", onInput);
  }, []);
  useEffect(() => {
    const { job, running } = seen.current;
    const head = heading.current?.closest("section")?.querySelector(".job-head");
    const stays = elsewhere && wide.matches;
    seen.current = { job: newest, running: newest?.isRunning ?? false };
    if (job !== newest && newest?.isRunning) {
      wentOn.current = false;
      if (!stays) bringIntoView(head);
    }
    if (job === newest && running && stage === "failed") bringIntoView(head);
    // Who went on to write the next request, or is at the picture already, keeps the focus; others are taken to it.
    const there = heading.current?.closest("section")?.contains(document.activeElement);
    if (job === newest && running && stage === "done" && !wentOn.current && !there && !stays) heading.current?.focus({ preventScroll: true });
  }, [newest, stage]);
}

/** The head of a job has its status, bar and Cancel; its picture comes below. @param {Element | null | undefined} head */
function bringIntoView(head) {
  const box = head?.getBoundingClientRect();
  if (box && (box.top < 0 || box.bottom > innerHeight / 2)) head?.scrollIntoView({ block: "start" });
}
