// What the demo page itself says, in Chinese and English. The cabinet's own sentences come from its catalogues.
export const WORDS = {
  title: ["肖怡帮办柜 · 演示", "Service locker · demo"],
  lead: ["真的控制程序，接在模拟的柜子、手机和云端上", "The real controller, wired to a simulated cabinet, phone and cloud"],
  switch: ["English", "中文"],
  cabinet: ["街边的柜子", "The cabinet in the street"],
  screen: ["柜子的屏幕", "The cabinet's screen, close up"],
  phone: ["居民的手机", "The resident's phone"],
  trouble: ["故障开关", "Trouble switches"],
  stream: ["云端收到的消息", "What the cloud receives"],
  motto: ["服务天天见", "here every day"],
  window: ["扫码窗", "scanner"],
  running: ["控制程序在运行", "controller running"],
  down: ["控制程序停了，正在重启", "controller down, restarting"],
  offline: ["演示程序没有回答", "the demo does not answer"],
  hint: ["门开了以后，在这里放东西、取东西、关门", "When a door opens, put in, take out and shut it here"],
  put: ["放入", "Put in"],
  take: ["取出", "Take out"],
  shut: ["关上门", "Shut"],
  deposit: ["送材料", "Drop off"],
  collect: ["取证件", "Collect"],
  staff: ["工作人员", "Staff"],
  odd: ["问题码", "Odd"],
  low: ["要低一点的门", "a low door"],
  any: ["都行", "any"],
  S: ["小", "small"],
  M: ["中", "medium"],
  L: ["大", "large"],
  nothing_held: ["柜里还没有东西，请先送一件。", "Nothing is held yet; drop something off first."],
  again: ["同一个码", "same code"],
  hold: ["拿到扫码窗前", "Hold it to the scanner"],
  remote: ["云端远程开门", "Open remotely"],
  app: ["红管家", "红管家"],
  empty: ["请先在旁边选一件事", "Choose an errand beside"],
  expired: ["过期", "expired"],
  early: ["没到时间", "too early"],
  elsewhere: ["别的柜子", "elsewhere"],
  forged: ["签名不对", "forged"],
  stranger: ["不明单位", "stranger"],
  foreign: ["别的二维码", "foreign QR"],
  garbled: ["残缺", "garbled"],
  spent: ["用过的", "used"],
  nobody: ["没这一件", "not here"],
  which: ["哪个门", "Which door"],
  jam: ["卡死", "Jam"],
  press_jam: ["要按才开", "Sticky"],
  stuck: ["感应失灵", "Sensor"],
  force: ["撬开", "Force"],
  press: ["用手按", "Press it"],
  board: ["锁控板", "Lock board"],
  scanner: ["扫码器", "Scanner"],
  network: ["网络", "Network"],
  power: ["断电", "Power cut"],
  on: ["接着", "on"],
  off: ["断开", "off"],
  dark: ["屏幕没有信号", "no signal"],
  door: ["号", "door"],
  papers: ["有东西", "with papers"],
  open_word: ["开着", "open"],
  shut_word: ["关着", "shut"],
  seconds: ["秒", "s"],
};

let first = localStorage.getItem("language") === "en" ? 1 : 0;

/** The language shown large, and the one beside it. */
export const languages = () => (first ? ["en", "zh"] : ["zh", "en"]);

/** One word in the large language, or in the other. */
export const word = (name) => WORDS[name][first];
export const other = (name) => WORDS[name][1 - first];

/** Change which language is large, and remember it. */
export function swap() {
  first = 1 - first;
  localStorage.setItem("language", first ? "en" : "zh");
}
