// The search over the index beside this file. Without script there is none, and
// everything can be reached by the contents.
(() => {
  const root = document.getElementById("search-script").dataset.root;
  const box = document.getElementById("page-search");
  const query = document.getElementById("page-query");
  const count = document.getElementById("page-count");
  const results = document.getElementById("page-results");
  const most = 12;
  box.hidden = false;

  const find = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const matches = [];
    for (const entry of searchIndex) {
      const name = entry.name.toLowerCase();
      const all = [name, entry.kind, entry.note, entry.more || ""].join(" ").toLowerCase();
      if (!words.every((word) => all.includes(word))) continue;
      matches.push({ entry, rank: words.every((word) => name.includes(word)) ? 0 : 1 });
    }
    return matches.sort((a, b) => a.rank - b.rank).map((match) => match.entry);
  };

  const show = () => {
    const found = find(query.value);
    const asked = query.value.trim() !== "";
    results.replaceChildren(...found.slice(0, most).map((entry) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = root + entry.href;
      const name = document.createElement("code");
      name.textContent = entry.name;
      const note = document.createElement("small");
      note.textContent = entry.kind + " · " + entry.note;
      link.append(name, note);
      item.append(link);
      return item;
    }));
    if (asked && found.length === 0) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = "Nothing is called so.";
      results.append(none);
    }
    results.hidden = !asked;
    count.textContent = asked ? found.length + " found" : "";
  };

  const move = (step) => {
    const links = [...results.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + step;
    if (next < 0) query.focus();
    else if (next < links.length) links[next].focus();
  };

  query.addEventListener("input", show);
  query.addEventListener("focus", show);
  box.addEventListener("keydown", (event) => {
    switch (event.key) {
      case "ArrowDown": move(1); break;
      case "ArrowUp": move(-1); break;
      case "Escape": query.value = ""; show(); query.focus(); break;
      case "Enter":
        if (document.activeElement !== query) return;
        results.querySelector("a")?.click();
        break;
      default: return;
    }
    event.preventDefault();
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget)) results.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    query.focus();
  });
  // What is folded is missing on paper.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("main details")) details.open = true;
  });
})();
