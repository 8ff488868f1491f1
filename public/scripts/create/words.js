const en = {
  title: "Create",
  generate: "Generate",
  pictures: "Pictures",
  nothingYet: "Your picture appears here.",
};

/** @type {typeof en} */
const zh = {
  title: "创作",
  generate: "生成",
  pictures: "图片",
  nothingYet: "您的图片会出现在这里。",
};

export const WORDS = { en, zh };
