// @ts-check
// The page's behaviour. Text from the server or from the person only ever becomes a text node, and addresses are relative, so that
// the page works behind a prefix. Offsets in the API count code points: a text is an array of them wherever it is cut.

/** @typedef {{text: string, start: number | null, end: number | null}} Word */
/** @typedef {{source: Word[], target: Word[], weights: number[][]}} Alignment */
/** @typedef {{text: string, score: number, alignment?: Alignment}} Hypothesis */
/** @typedef {{start: number, end: number, target_start: number, target_end: number, hypotheses: Hypothesis[]}} Sentence */
/** @typedef {{text: string, alternatives?: string[], source: string, target: string, sentences?: Sentence[],
 *             detected?: {language: string, confidence: number}}} Translation */
/** @typedef {{translations: Translation[], model: {name: string, version: number}, timing: {total_ms: number}}} Answer */
/** @typedef {{code: string, name: string}} Language */
/** @typedef {{source: Language, target: Language}} Direction */
/** @typedef {{name: string, version: number, directions: Direction[], state: string, scores?: {metric: string, score: number}[]}} Model */
/** @typedef {{span: HTMLElement, text: string, row: number[], sources: Word[], marks: (HTMLElement | null)[]}} WalkedWord */

const TYPING_PAUSE_MS = 300;
const N_BEST = 3;
const ATTEMPTS = 10; // of a request that is told to come back later
const LONGEST_WAIT_S = 120;
const SHORT_TEXT = 240; // characters that are shown in large type
const CONFIRMED_MS = 2000;
const FAINT = 0.05; // a weight below this is not shown
const KEY = "nmt-key";
const AUTO = "auto";
const NO_BREAK = "\u00a0";
const touched = matchMedia("(pointer: coarse)").matches; // to focus the text would bring up a keyboard on the screen

const sourceLanguage = find("source-language", HTMLSelectElement);
const targetLanguage = find("target-language", HTMLSelectElement);
const swap = find("swap", HTMLButtonElement);
const panes = find("panes", HTMLElement);
const sourceText = find("source-text", HTMLTextAreaElement);
const mirror = find("mirror", HTMLElement);
const count = find("count", HTMLElement);
const detected = find("detected", HTMLElement);
const clear = find("clear", HTMLButtonElement);
const translation = find("translation", HTMLElement);
const looked = find("looked", HTMLElement);
const hint = find("hint", HTMLElement);
const copy = find("copy", HTMLButtonElement);
const progress = find("progress", HTMLElement);
const notice = find("notice", HTMLElement);
const noticeText = find("notice-text", HTMLElement);
const noticeMore = find("notice-more", HTMLElement);
const again = find("again", HTMLButtonElement);
const keyForm = find("key-form", HTMLFormElement);
const keyField = find("key", HTMLInputElement);
const alternatives = find("alternatives", HTMLElement);
const bestScore = find("best-score", HTMLElement);
const alternativeList = find("alternative-list", HTMLOListElement);
const madeBy = find("made-by", HTMLElement);
const announcer = find("announcer", HTMLElement);

/** @type {Model[]} */
let models = [];
/** @type {Direction[]} of all of them */
let directions = [];
let limits = { characters: 5000, n_best: 1 };
/** @type {{text: string, answer: Translation} | null} what is shown, and the text that it translates */
let shown = null;
/** @type {WalkedWord[]} */
let words = [];
/** @type {AbortController | null} the one request whose answer is wanted */
let running = null;
let notBefore = 0; // a server that is too busy is left alone until then, whatever is typed
let typingTimer = 0;
let memoryKey = "";
let act = translate; // what "try again" does

/** An answer that is an error, or none at all. */
class Failure extends Error {
  /** @param {string} message @param {{status?: number, more?: string, wait?: number | null}} [details] */
  constructor(message, { status = 0, more = "", wait = null } = {}) {
    super(message);
    this.status = status;
    this.more = more;
    this.wait = wait; // seconds until the server wants to be asked again
  }
}

/** @template {HTMLElement} T @param {string} id @param {{new (): T}} kind @returns {T} */
function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/** @param {string} tag @param {string} [text] @param {string} [name] @returns {HTMLElement} */
function make(tag, text = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

/** @param {string} text what a screen reader says, even if it has just said the same */
function announce(text) {
  announcer.textContent = announcer.textContent === text ? text + NO_BREAK : text;
}

/** @param {number} number */
const grouped = (number) => number.toLocaleString("en");

// ------------------------------------------------------------------------------------------------ asking the server

/** @param {string} path @param {object | null} body @param {AbortSignal} signal @returns {Promise<any>} */
async function ask(path, body, signal) {
  for (let attempt = 1; ; attempt++) {
    await untilWelcome(signal);
    const response = await send(path, body, signal);
    if (response.ok) return await response.json().catch(() => Promise.reject(new Failure("The server's answer cannot be read.")));
    const failure = await failureOf(response);
    signal.throwIfAborted();
    if (failure.wait === null || attempt === ATTEMPTS) throw failure;
    notBefore = Date.now() + 1000 * failure.wait;
    notify(failure.message, waitingLine());
    announce(`${failure.message} ${waitingLine()}`);
  }
}

/** @param {string} path @param {object | null} body @param {AbortSignal} signal */
async function send(path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (savedKey()) headers.Authorization = `Bearer ${savedKey()}`;
  try {
    return await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Failure(navigator.onLine ? "The server cannot be reached." : "You are offline.");
  }
}

/** @param {Response} response */
async function failureOf(response) {
  const { error, request_id: request } = (await response.json().catch(() => null)) ?? {};
  const { status } = response;
  const seconds = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  const wait = (status === 429 || status === 503) && seconds >= 0 ? Math.min(Math.max(seconds, 1), LONGEST_WAIT_S) : null;
  const message = typeof error === "string" ? error : `The server answered with an error (${status}).`;
  return new Failure(message, { status, wait, more: typeof request === "string" ? `Request ${request}` : "" });
}

const waitingLine = () => `Trying again in ${Math.max(1, Math.ceil((notBefore - Date.now()) / 1000))}${NO_BREAK}s.`;

/** @param {AbortSignal} signal @returns {Promise<void>} when the server may be asked, with the seconds counted down */
async function untilWelcome(signal) {
  while (Date.now() < notBefore) {
    noticeMore.textContent = waitingLine();
    await new Promise((resolve) => setTimeout(resolve, Math.min(1000, notBefore - Date.now())));
    signal.throwIfAborted();
  }
}

function savedKey() {
  try {
    return sessionStorage.getItem(KEY) ?? memoryKey;
  } catch {
    return memoryKey; // storage is switched off: the key lasts as long as the page
  }
}

/** @param {string} key */
function saveKey(key) {
  memoryKey = key;
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // see savedKey
  }
}

/** @param {() => Promise<void>} action */
function supersede(action) {
  clearTimeout(typingTimer);
  running?.abort();
  running = null;
  act = action;
  setBusy(false);
}

/** Run `work` as the one request whose answer is wanted: a later one takes its place, and its answer is dropped.
 * @param {() => Promise<void>} action @param {(signal: AbortSignal) => Promise<() => void>} work */
async function exclusively(action, work) {
  supersede(action);
  const mine = new AbortController();
  running = mine;
  setBusy(true);
  /** @param {() => void} finish */
  const settle = (finish) => {
    if (running !== mine) return;
    running = null;
    setBusy(false);
    try {
      finish();
    } catch (error) {
      fail(error);
    }
  };
  await work(mine.signal).then(settle, (error) => settle(() => fail(error)));
}

/** @param {boolean} busy */
function setBusy(busy) {
  translation.setAttribute("aria-busy", String(busy));
  progress.classList.toggle("busy", busy);
}

// ------------------------------------------------------------------------------------------------ notices

/** @param {string} text @param {string} [more] @param {{retry?: boolean, key?: boolean}} [offer] */
function notify(text, more = "", { retry = false, key = false } = {}) {
  noticeText.textContent = text;
  noticeMore.textContent = more;
  again.hidden = !retry;
  keyForm.hidden = !key;
  notice.hidden = false;
}

function dismiss() {
  if (notice.contains(document.activeElement) && !touched) sourceText.focus(); // else the focus would be lost with what had it
  notice.hidden = true;
}

/** @param {unknown} error */
function fail(error) {
  if (!(error instanceof Failure)) {
    console.error(error); // a mistake of this page, or an answer that is not as the API promises
    return fail(new Failure("Something went wrong in this page.", { more: String(error) }));
  }
  const key = error.status === 401 || error.status === 403;
  const mendable = error.status === 0 || error.status >= 500 || error.status === 429;
  grey();
  notify(error.message, error.more, { key, retry: mendable });
  announce(error.message);
}

/** Show that the translation on the page is not one of the text on the page. */
function grey() {
  translation.classList.add("stale");
  alternatives.hidden = true;
  forget();
}

// ------------------------------------------------------------------------------------------------ languages

async function loadModels() {
  await exclusively(loadModels, async (signal) => {
    const answer = await ask("nmt/models", null, signal);
    return () => {
      models = answer.models.filter((/** @type {Model} */ model) => model.state === "AVAILABLE");
      directions = models.flatMap((model) => model.directions);
      limits = { ...limits, ...answer.limits };
      dismiss();
      if (models.length === 0) return fail(new Failure("No model is ready yet."));
      const { source, target } = readFragment();
      choose(source, target);
      edited();
      if (answer.key_required && !savedKey()) notify("This server asks for a key.", "", { key: true });
      else translate();
    };
  });
}

/** @param {HTMLSelectElement} select @param {Language[]} languages the first is chosen where `wanted` is not among them
 * @param {string} wanted @param {[string, string][]} [before] what is put before several, as code and name */
function offer(select, languages, wanted, before = []) {
  const names = new Map(languages.map(({ code, name }) => [code, name]));
  const inOrder = [...names].sort(([, a], [, b]) => a.localeCompare(b));
  if (names.size > 1) inOrder.unshift(...before);
  select.replaceChildren(...inOrder.map(([code, name]) => new Option(name, code)));
  select.disabled = false;
  select.value = wanted;
  if (select.selectedIndex < 0) select.value = languages[0].code;
}

/** @param {string} source @param {string} target */
function choose(source, target) {
  offer(sourceLanguage, directions.map((one) => one.source), source, [[AUTO, "Detect language"]]);
  const reachable = directions.filter((one) => [AUTO, one.source.code].includes(sourceLanguage.value));
  offer(targetLanguage, reachable.map((one) => one.target), target);
  sourceText.lang = sourceLanguage.value === AUTO ? "" : sourceLanguage.value;
  updateSwap();
}

/** @returns {string} the language of the text on the left, as far as it is known */
const spoken = () => (sourceLanguage.value === AUTO ? (shown?.answer.detected?.language ?? "") : sourceLanguage.value);

function updateSwap() {
  swap.disabled = !directions.some((one) => one.source.code === targetLanguage.value && one.target.code === spoken());
}

function swapLanguages() {
  // While an answer is under way, what is shown translates another text: what is typed is then worth more.
  const fresh = shown?.text === sourceText.value && shown.answer.target === targetLanguage.value;
  choose(targetLanguage.value, spoken());
  if (shown && fresh) sourceText.value = shown.answer.text;
  edited();
  translate();
}

// ------------------------------------------------------------------------------------------------ translating

async function translate() {
  const text = wellFormed();
  const [source, target] = [sourceLanguage.value, targetLanguage.value];
  if (models.length === 0) return;
  writeFragment();
  if (!text.trim()) return empty();
  if (excess() > 0) {
    supersede(translate);
    return grey();
  }
  await exclusively(translate, async (signal) => {
    const body = { text, source, target, n_best: Math.min(N_BEST, limits.n_best), alignment: true };
    const answer = await ask("nmt/translate", body, signal);
    return () => show(text, answer);
  });
}

function empty() {
  supersede(translate);
  shown = null;
  dismiss();
  for (const element of [translation, detected, madeBy]) element.replaceChildren();
  for (const element of [copy, hint, alternatives]) element.hidden = true;
  translation.classList.remove("stale");
  forget();
  updateSwap();
}

/** @param {string} text @param {Answer} answer */
function show(text, { translations: [result], model, timing }) {
  shown = { text, answer: result };
  dismiss();
  copy.hidden = false;
  translation.classList.remove("stale");
  translation.lang = result.target;
  showWords(text, result);
  showDetected(result);
  showAlternatives(result);
  showMaker(model, timing.total_ms, result);
  updateSwap();
  announce(result.detected ? `Translated from ${nameOf(result.detected.language)}.` : "Translated.");
}

/** @param {Translation} result */
function showDetected({ detected: guess }) {
  detected.textContent = guess ? `${nameOf(guess.language)} detected, ${Math.round(guess.confidence)}${NO_BREAK}%` : "";
  if (sourceLanguage.value === AUTO) sourceText.lang = guess?.language ?? "";
}

/** @param {string} code */
const nameOf = (code) => directions.flatMap((one) => [one.source, one.target]).find((language) => language.code === code)?.name ?? code;

/** @param {{name: string, version: number}} made @param {number} milliseconds @param {Translation} result */
function showMaker(made, milliseconds, { source, target }) {
  const model = models.find(({ name, version }) => name === made.name && version === made.version);
  const main = model?.directions[0]; // whose scores they are
  const bleu = main?.source.code === source && main.target.code === target && model?.scores?.find(({ metric }) => metric.toUpperCase() === "BLEU");
  const facts = [`Model ${made.name}, version ${made.version}`, `${grouped(Math.ceil(milliseconds))} ms`];
  if (bleu) facts.splice(1, 0, `BLEU ${bleu.score.toFixed(1)}`);
  madeBy.replaceChildren(...facts.map((fact) => make("span", fact)));
}

/** @param {Translation} result */
function showAlternatives({ text, alternatives: others = [], target, sentences = [] }) {
  const different = [...new Set(others)].filter((other) => other !== text);
  const scores = new Map(sentences.length === 1 ? sentences[0].hypotheses.map((one) => [one.text.trim(), one.score]) : []);
  alternativeList.replaceChildren(...different.map((other, i) => alternative(other, target, scores.get(other.trim()), i + 1)));
  const best = scores.get(text.trim());
  bestScore.textContent = best === undefined ? "" : `score of the translation above: ${signed(best)}`;
  alternatives.hidden = different.length === 0;
}

/** @param {string} text @param {string} language @param {number | undefined} score @param {number} number */
function alternative(text, language, score, number) {
  const item = make("li");
  const words = make("p", text);
  words.lang = language;
  words.dir = "auto";
  const button = /** @type {HTMLButtonElement} */ (make("button", "", "quiet"));
  button.type = "button";
  button.setAttribute("aria-label", `Copy alternative ${number}`);
  button.append(...Array.from(copy.children, (child) => child.cloneNode(true)));
  button.addEventListener("click", () => copyText(text, button));
  item.append(words, make("span", score === undefined ? "" : signed(score), "score"), button);
  return item;
}

/** @param {number} score */
const signed = (score) => score.toFixed(2).replace("-", "\u2212");

/** @param {string} text @param {HTMLButtonElement} button */
async function copyText(text, button) {
  const copied = await write(text);
  announce(copied ? "Copied." : "The browser does not let this page copy.");
  if (!copied) return;
  const label = button.querySelector("span");
  if (label) label.textContent = "Copied";
  button.classList.add("copied");
  setTimeout(() => {
    if (label) label.textContent = "Copy";
    button.classList.remove("copied");
  }, CONFIRMED_MS);
}

/** @param {string} text */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeFromField(text); // a page that did not come over https has no clipboard
  }
}

/** @param {string} text */
function writeFromField(text) {
  const before = document.activeElement;
  const field = /** @type {HTMLTextAreaElement} */ (make("textarea", text, "hidden"));
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}

// ------------------------------------------------------------------------------------------------ which words looked where

/** Fill an element with a text in which words are elements; return those in the order of `places`, null where one has no place, or where
 * another word stands there: a server that takes control characters out of a text counts without them.
 * @param {HTMLElement} host @param {string} text @param {Word[]} places @param {string} name */
function fill(host, text, places, name) {
  const points = Array.from(text);
  /** @type {(HTMLElement | null)[]} */
  const spans = places.map(() => null);
  const inOrder = places.map((word, i) => ({ word: word.text, start: word.start ?? -1, end: word.end ?? -1, i }));
  host.replaceChildren();
  let reached = 0;
  for (const { word, start, end, i } of inOrder.sort((a, b) => a.start - b.start)) {
    if (start < reached || end <= start || points.slice(start, end).join("") !== word) continue;
    const span = make("span", word, name);
    host.append(points.slice(reached, start).join(""), span);
    spans[i] = span;
    reached = end;
  }
  host.append(points.slice(reached).join(""));
  return spans;
}

/** @param {Word} word @param {number} offset @returns {Word} */
const moved = ({ text, start, end }, offset) =>
  start === null || end === null ? { text, start: null, end: null } : { text, start: start + offset, end: end + offset };

/** @param {string} text @param {Translation} result */
function showWords(text, { text: translated, sentences = [] }) {
  const points = Array.from(translated);
  // An alignment whose sentence is not where it says would shade the wrong words: none is better.
  const aligned = sentences.flatMap((sentence) => {
    const best = sentence.hypotheses[0];
    const fits = points.slice(sentence.target_start, sentence.target_end).join("") === best?.text;
    return best?.alignment && fits ? [{ sentence, alignment: best.alignment }] : [];
  });
  const sources = aligned.flatMap(({ sentence, alignment }) => alignment.source.map((word) => moved(word, sentence.start)));
  const targets = aligned.flatMap(({ sentence, alignment }) => alignment.target.map((word) => moved(word, sentence.target_start)));
  const marks = fill(mirror, text, sources, "mark");
  mirror.append("\n");
  const spans = fill(translation, translated, targets, "word");
  words = [];
  looked.replaceChildren();
  let [firstMark, firstSpan] = [0, 0];
  for (const { alignment: { source, target, weights } } of aligned) {
    const own = marks.slice(firstMark, firstMark + source.length);
    target.forEach((word, i) => {
      const span = spans[firstSpan + i];
      if (span) words.push({ span, text: word.text, row: weights[i] ?? [], sources: source, marks: own });
    });
    firstMark += source.length;
    firstSpan += target.length;
  }
  for (const { span } of words) {
    span.tabIndex = -1;
    span.setAttribute("aria-describedby", "looked");
  }
  if (words.length) words[0].span.tabIndex = 0;
  hint.hidden = words.length === 0;
}

/** @param {EventTarget | null} target */
const wordAt = (target) => words.find(({ span }) => span === target);

/** @param {WalkedWord} word */
function look(word) {
  unlook();
  word.span.classList.add("chosen");
  const seen = word.sources
    .map((source, i) => ({ source, weight: word.row[i] ?? 0, mark: word.marks[i] }))
    .filter(({ weight }) => weight >= FAINT);
  for (const { mark, weight } of seen) {
    mark?.classList.add("seen");
    mark?.style.setProperty("--weight", weight.toFixed(2));
  }
  seen.sort((a, b) => b.weight - a.weight);
  looked.replaceChildren(...lookedLine(word, seen.slice(0, 3)));
  hint.hidden = true;
  bringIntoView(seen[0]?.mark);
}

/** @param {WalkedWord} word @param {{source: Word, weight: number}[]} seen */
function lookedLine({ text }, seen) {
  const target = make("bdi", text, "from");
  target.lang = translation.lang;
  const arrow = make("span", " ← ");
  arrow.setAttribute("aria-hidden", "true");
  if (seen.length === 0) return [target, arrow, "no word in particular"];
  const sources = seen.flatMap(({ source, weight }, i) => {
    const chip = make("bdi", source.text, "chip");
    chip.lang = sourceText.lang;
    chip.style.setProperty("--weight", weight.toFixed(2));
    return [i ? ", " : "", chip, `${NO_BREAK}${Math.round(100 * weight)}${NO_BREAK}%`];
  });
  return [target, arrow, make("span", " looked at ", "hidden"), ...sources];
}

/** Scroll a word into the part of the text that is seen, where the text has its own scroll bar.
 * @param {HTMLElement | null | undefined} mark */
function bringIntoView(mark) {
  if (!mark || sourceText.scrollHeight <= sourceText.clientHeight) return;
  const top = mark.offsetTop - mirror.offsetTop;
  if (top < sourceText.scrollTop || top + mark.offsetHeight > sourceText.scrollTop + sourceText.clientHeight) {
    sourceText.scrollTop = top - sourceText.clientHeight / 2;
  }
}

function unlook() {
  for (const span of document.querySelectorAll(".chosen, .seen")) span.classList.remove("chosen", "seen");
  looked.replaceChildren();
  hint.hidden = words.length === 0;
}

/** Go back to the word that has the keyboard's focus, or to none. */
function lookAtFocus() {
  const word = wordAt(document.activeElement);
  if (word) look(word);
  else unlook();
}

/** The text has changed: no word of the translation belongs to one of it any more. */
function forget() {
  for (const { span } of words) {
    span.removeAttribute("tabindex");
    span.classList.remove("word");
  }
  unlook();
  words = [];
  hint.hidden = true;
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const here = words.findIndex(({ span }) => span === document.activeElement);
  if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const forward = getComputedStyle(translation).direction === "rtl" ? -1 : 1;
  const steps = new Map([["ArrowRight", here + forward], ["ArrowLeft", here - forward], ["Home", 0], ["End", words.length - 1]]);
  if (event.key === "Escape") return unlook();
  const to = steps.get(event.key);
  if (to === undefined) return;
  event.preventDefault();
  words[Math.min(Math.max(to, 0), words.length - 1)].span.focus();
}

/** @param {FocusEvent} event */
function focusWord(event) {
  const word = wordAt(event.target);
  if (!word) return;
  for (const { span } of words) span.tabIndex = span === word.span ? 0 : -1;
  look(word);
}

// ------------------------------------------------------------------------------------------------ the text, and the address

/** The text, with half a surrogate pair made a character that can be sent. */
const wellFormed = () => sourceText.value.toWellFormed?.() ?? sourceText.value;

/** How many characters (code points, as the server counts) the text has beyond what the server takes. */
const excess = () => Array.from(sourceText.value).length - limits.characters;

/** The text is another: count it, mirror it, and let go of the answer that is under way. */
function edited() {
  if (models.length) supersede(translate);
  const text = sourceText.value;
  const over = excess();
  count.textContent = `${grouped(limits.characters + over)} / ${grouped(limits.characters)}`;
  if (over > 0) {
    const advice = `Shorten it by ${grouped(over)} to translate.`;
    count.append(` \u00b7 ${advice}`);
    if (!count.classList.contains("over")) announce(`The text is too long. ${advice}`);
  }
  count.classList.toggle("over", over > 0);
  sourceText.setAttribute("aria-invalid", String(over > 0));
  panes.classList.toggle("long", text.length > SHORT_TEXT);
  clear.hidden = !text;
  mirror.textContent = `${text}\n`;
  forget();
}

/** @returns {{source: string, target: string, text: string}} */
function readFragment() {
  const fields = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")); // a plus is a plus
  return { source: fields.get("source") ?? "", target: fields.get("target") ?? "", text: fields.get("text") ?? "" };
}

function writeFragment() {
  const fields = { source: sourceLanguage.value, target: targetLanguage.value, text: wellFormed() };
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  try {
    history.replaceState(null, "", `#${pairs.join("&")}`);
  } catch {
    // a browser limits how often, and how long: the address then lags behind
  }
}

function restore() {
  const { source, target, text } = readFragment();
  sourceText.value = text;
  if (models.length) choose(source, target);
  edited();
  translate();
}

sourceText.addEventListener("input", () => {
  edited();
  typingTimer = setTimeout(translate, sourceText.value ? TYPING_PAUSE_MS : 0);
});
sourceText.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) translate();
});
sourceText.addEventListener("scroll", () => (mirror.scrollTop = sourceText.scrollTop));
for (const select of [sourceLanguage, targetLanguage]) {
  select.addEventListener("change", () => {
    choose(sourceLanguage.value, targetLanguage.value);
    translate();
  });
}
swap.addEventListener("click", swapLanguages);
clear.addEventListener("click", () => {
  sourceText.value = "";
  edited();
  translate();
  sourceText.focus();
});
copy.addEventListener("click", () => shown && copyText(shown.answer.text, copy));
again.addEventListener("click", () => act());
keyForm.addEventListener("submit", (event) => {
  event.preventDefault();
  saveKey(keyField.value.trim());
  keyField.value = "";
  act();
});
translation.addEventListener("pointerover", (event) => {
  const word = event.pointerType === "touch" ? undefined : wordAt(event.target);
  if (word) look(word);
});
translation.addEventListener("pointerleave", lookAtFocus);
translation.addEventListener("click", (event) => wordAt(event.target)?.span.focus());
translation.addEventListener("focusin", focusWord);
translation.addEventListener("focusout", unlook);
translation.addEventListener("keydown", walk);
addEventListener("hashchange", restore);
addEventListener("online", () => !again.hidden && act());

hint.append(`${touched ? "Tap" : "Point at"} a word to see what it was made from.`);
hint.append(make("span", " The arrow keys go from word to word.", "hidden"));
sourceText.value = readFragment().text || sourceText.value;
edited();
loadModels();
if (!touched) sourceText.focus();
