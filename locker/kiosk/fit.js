// The text as large as there is room for: --s goes down from what is wanted until nothing is cut off. The style sheet
// keeps every text at the least size, whatever --s is.
const STEP = 0.05;
const LEAST = 0.5;
const WHOLE = 0.95;
const PARTS = "button, h1, p, li, .words, .figure, .aside, .buttons, .proof, .pad, .entry, .list";

/** Whether anything on the stage is larger than its place. Letters may reach a little out of their lines: fonts do. */
export function overflows(stage) {
  if (stage.scrollHeight > stage.clientHeight + 1 || stage.scrollWidth > stage.clientWidth + 1) return true;
  const floor = stage.getBoundingClientRect().bottom - parseFloat(getComputedStyle(stage).paddingBottom) + 1;
  if ([...stage.children].some((part) => part.getBoundingClientRect().bottom > floor)) return true;
  return [...stage.querySelectorAll(PARTS)].some((each) => {
    const reach = parseFloat(getComputedStyle(each).fontSize) * 0.4;
    return each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + reach;
  });
}

/** Whether a line ends within a clause that would have room in smaller letters. */
const broken = (stage) => [...stage.querySelectorAll(".say .clause:lang(zh), h1:lang(zh)")].some(
  (clause) => clause.getBoundingClientRect().height > parseFloat(getComputedStyle(clause).fontSize) * 1.9);

/** The largest scale from `wanted` down to `least` that is good, 0 for none; what is good at one is good below it. */
function largest(stage, wanted, least, good) {
  let [low, high] = [Math.round((wanted - least) / STEP) + 1, -1];
  const end = low;
  while (low - high > 1) {
    const middle = Math.floor((low + high) / 2);
    stage.style.setProperty("--s", (wanted - middle * STEP).toFixed(2));
    if (good()) low = middle;
    else high = middle;
  }
  return low === end ? 0 : wanted - low * STEP;
}

/** Give the stage its size of text: no clause broken where they stay whole in letters hardly smaller than usual. */
export function fit(stage, wanted) {
  const whole = () => !overflows(stage) && !broken(stage);
  const scale = largest(stage, wanted, WHOLE, whole) || largest(stage, wanted, LEAST, () => !overflows(stage)) || LEAST;
  stage.style.setProperty("--s", scale.toFixed(2));
}
