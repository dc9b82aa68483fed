// What the pages do beyond HTML: follow the numbers, copy, choose all, wait for an answer. Without
// this file everything still works.
(() => {
  "use strict";

  // The overview follows the ledger; parts that did not change stay as they are, so that focus and
  // selection do.
  const renew = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    const alike = old.nodeName === fresh.nodeName && old.childElementCount > 0 &&
      old.childElementCount === fresh.childElementCount && old.cloneNode(false).isEqualNode(fresh.cloneNode(false));
    if (!alike || old.nodeName === "P") return old.replaceWith(fresh);
    const [olds, freshes] = [[...old.children], [...fresh.children]];
    const words = (node) => [...node.childNodes].filter((it) => it.nodeType === 3).map((it) => it.data).join("");
    if (words(old) !== words(fresh)) return old.replaceWith(fresh);
    olds.forEach((it, index) => renew(it, freshes[index]));
  };
  const main = document.querySelector("[data-live]");
  if (main && window.EventSource) {
    const source = new EventSource(main.dataset.live);
    source.onmessage = (event) => {
      const parsed = new DOMParser().parseFromString(event.data, "text/html");
      const [old, fresh] = [document.getElementById("live"), parsed.getElementById("live")];
      if (old && fresh) renew(old, document.adoptNode(fresh));
    };
    // Closed for good: signed out, or too many pages follow. Load anew, which says which.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
    };
    window.addEventListener("pagehide", () => source.close());
  }

  const refresh = Number(document.body.dataset.refresh || 0);
  if (refresh > 0) setTimeout(() => location.reload(), refresh * 1000);

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(from.textContent);
        button.textContent = button.dataset.done;
      } catch {
        getSelection().selectAllChildren(from);
      }
    });
  }

  for (const box of document.querySelectorAll("[data-all]")) {
    box.addEventListener("change", () => {
      for (const it of box.form.elements[box.dataset.all].length ? box.form.elements[box.dataset.all] : [box.form.elements[box.dataset.all]]) it.checked = box.checked;
    });
  }

  // Of the stages only those of the chosen pipeline.
  for (const pipeline of document.querySelectorAll("[data-of]")) {
    const stage = document.getElementById(pipeline.dataset.of);
    const narrow = () => {
      const name = pipeline.selectedOptions[0].text;
      const groups = [...stage.querySelectorAll("optgroup")];
      for (const it of groups) it.hidden = it.disabled = it.label !== name;
      const own = groups.find((it) => it.label === name);
      if (own && !own.contains(stage.selectedOptions[0]) && own.firstElementChild) own.firstElementChild.selected = true;
    };
    pipeline.addEventListener("change", narrow);
    narrow();
  }

  // A list for each of several: what is offered comes after the last comma.
  for (const input of document.querySelectorAll("[data-many]")) {
    const names = [...input.list.options].map((it) => it.value);
    input.addEventListener("input", () => {
      const before = input.value.slice(0, input.value.lastIndexOf(",") + 1);
      [...input.list.options].forEach((it, index) => { it.value = before ? `${before} ${names[index]}` : names[index]; });
    });
  }

  // A further row of a map: the last one again, empty, with the next number.
  for (const button of document.querySelectorAll("[data-add]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const rows = button.form.querySelectorAll("[data-rows] tbody tr");
      const fresh = rows[rows.length - 1].cloneNode(true);
      for (const it of fresh.querySelectorAll("input")) {
        it.name = it.name.replace(/\d+$/, rows.length);
        it.ariaLabel = it.ariaLabel.replace(/\d+$/, rows.length + 1);
        it.checked = false;
        if (it.type !== "checkbox") it.value = "";
      }
      rows[rows.length - 1].after(fresh);
      fresh.querySelector("input").focus();
    });
  }

  for (const form of document.querySelectorAll("form[method=post]:not([data-download])")) {
    form.addEventListener("submit", () => setTimeout(() => {
      for (const it of form.querySelectorAll("button")) it.disabled = true;
    }));
  }
  window.addEventListener("pageshow", () => {
    for (const it of document.querySelectorAll("button:disabled")) it.disabled = false;
  });
})();
