const en = {
  tagline: "Describe a picture and watch it develop.",
  views: "Views",
  create: "Create",
  edit: "Edit",
  layers: "Layers",
  compare: "Compare",
  gallery: "Gallery",
  keys: "Keys",
  /** @param {number} count */
  running: (count) => (count === 1 ? "1 picture in the making" : `${count} pictures in the making`),
  language: "Language",
  api: "API",
  shortcuts: "Keyboard",
  skip: "Skip to the page",
};

/** @type {typeof en} */
const zh = {
  tagline: "描述一幅画面，看着它慢慢显影。",
  views: "页面",
  create: "创作",
  edit: "编辑",
  layers: "图层",
  compare: "对比",
  gallery: "图库",
  keys: "密钥",
  running: (count) => `${count} 张图片正在生成`,
  language: "语言",
  api: "API",
  shortcuts: "键盘",
  skip: "跳到正文",
};

export const WORDS = { en, zh };
