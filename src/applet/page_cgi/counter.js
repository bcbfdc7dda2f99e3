"use strict";
const message = document.getElementById("message");
const left = document.getElementById("left");
const told = document.getElementById("told");
let pause;
const characters = (n) => n + (n === 1 ? " character" : " characters");
const count = () => {
  const text = message.value.replace(/[ \t\n]+$/, "");
  const more = Number(message.dataset.most) - Array.from(text).length;
  left.textContent = more < 0 ? characters(-more) + " too many" : characters(more) + " left";
};
message.addEventListener("input", () => {
  count();
  // Who listens is told when the typing pauses, and not at each key.
  clearTimeout(pause);
  pause = setTimeout(() => { told.textContent = left.textContent; }, 1000);
});
count();
