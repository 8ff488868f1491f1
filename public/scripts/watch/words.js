import { describeSeconds, ordinal } from "../ui/numbers.js";

const en = {
  sent: "Sent, waiting for an answer",
  queued: "Queued",
  running: "Making the picture",
  next: "next in line",
  /** @param {number} place */
  place: (place) => `${ordinal(place)} in line`,
  /** @param {number} seconds */
  about: (seconds) => `about ${describeSeconds(seconds)}`,
  /** @param {number} seconds */
  left: (seconds) => `about ${describeSeconds(seconds)} left`,
  /** @param {number} step @param {number} total */
  step: (step, total) => `Step ${step} of ${total}`,
  /** @param {number} percent */
  percent: (percent) => `${percent} % done`,
  /** @param {number} done @param {number} all */
  ofSeveral: (done, all) => `${done} of ${all} done`,
  /** @param {number} seconds */
  done: (seconds) => `Done in ${describeSeconds(seconds, 1)}`,
  /** @param {number} seconds */
  cancelled: (seconds) => `Cancelled after ${describeSeconds(seconds, 1)}`,
  failed: "No picture was made",
  /** @param {number} made @param {number} all */
  partly: (made, all) => `${made} of ${all} pictures were made`,
  progress: "Progress",
  previewAlt: "Unfinished preview of the picture",

  failureTitle: "The picture was not made",
  cancel: "Cancel",
  remove: "Remove from the page",
  again: "Again",
  size: "Size",
  seed: "Seed",
  model: "Model",
  time: "Time",
  notReported: "not reported",

  actions: "This picture",
  download: "Download",
  copy: "Copy picture",
  copied: "Copied.",
  notCopied: "The browser did not let the picture be copied.",
  open: "Full size",
  reuse: "Reuse settings",
  editThis: "Edit",
  close: "Close",
};

/** @type {typeof en} */
const zh = {
  sent: "已发送，等待应答",
  queued: "排队中",
  running: "正在生成图片",
  next: "下一个就是您",
  place: (place) => `第 ${place} 位`,
  about: (seconds) => `约 ${describeSeconds(seconds)}`,
  left: (seconds) => `还需约 ${describeSeconds(seconds)}`,
  step: (step, total) => `第 ${step} 步，共 ${total} 步`,
  percent: (percent) => `已完成 ${percent} %`,
  ofSeveral: (done, all) => `已完成 ${done} / ${all}`,
  done: (seconds) => `完成，用时 ${describeSeconds(seconds, 1)}`,
  cancelled: (seconds) => `${describeSeconds(seconds, 1)}后已取消`,
  failed: "没有生成图片",
  partly: (made, all) => `${all} 张中生成了 ${made} 张`,
  progress: "进度",
  previewAlt: "未完成的图片预览",

  failureTitle: "图片没有生成",
  cancel: "取消",
  remove: "从页面移除",
  again: "再来一次",
  size: "尺寸",
  seed: "种子",
  model: "模型",
  time: "用时",
  notReported: "未报告",

  actions: "这张图片",
  download: "下载",
  copy: "复制图片",
  copied: "已复制。",
  notCopied: "浏览器不允许复制图片。",
  open: "原始大小",
  reuse: "沿用设置",
  editThis: "编辑",
  close: "关闭",
};

export const WORDS = { en, zh };
