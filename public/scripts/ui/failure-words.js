const en = {
  unreachable: () => "The gateway could not be reached.",
  connectionLost: () => "The connection was lost before the picture was finished.",
  unreadable: () => "The gateway sent an answer that this page cannot read.",
  pictureMissing: () => "The gateway said the picture was finished but sent none.",
  pictureBroken: () => "A picture arrived but could not be opened.",
  /** @param {number} status */
  unexplained: (status) => `The gateway answered ${status} and did not say why.`,

  connection: "Check your connection and try again.",
  request: "Change what you asked for, or choose another model.",
  access: "Check your key under Keys, or choose another model.",
  quota: "Wait a while, choose another model, or use a key of your own.",
  /** @param {string} time */
  wait: (time) => `Wait ${time} and try again, or choose another model.`,
  retry: "Try again, or choose another model.",
  report: "If it fails again, give the request id to whoever runs this gateway.",

  code: "Code",
  requestId: "Request id",
};

/** @type {typeof en} */
const zh = {
  unreachable: () => "无法连接到网关。",
  connectionLost: () => "图片完成之前连接中断了。",
  unreadable: () => "网关返回了本页面无法读取的内容。",
  pictureMissing: () => "网关说图片已完成，但没有发来图片。",
  pictureBroken: () => "收到了图片，但无法打开。",
  unexplained: (status) => `网关返回 ${status}，没有说明原因。`,

  connection: "请检查网络连接后重试。",
  request: "请修改请求内容，或换一个模型。",
  access: "请在“密钥”页检查您的密钥，或换一个模型。",
  quota: "请稍后再试、换一个模型，或使用您自己的密钥。",
  wait: (time) => `请等待 ${time}后重试，或换一个模型。`,
  retry: "请重试，或换一个模型。",
  report: "如果再次失败，请把请求编号告诉网关的管理者。",

  code: "代码",
  requestId: "请求编号",
};

export const WORDS = { en, zh };
